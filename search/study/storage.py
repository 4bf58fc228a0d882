"""Where a study is kept: in memory, from which samplers read, and on disk, one transaction for each step."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import StorageInternalError
from optuna.storages import InMemoryStorage, RDBStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial
from sqlalchemy import Connection, TableClause
from sqlalchemy.exc import DBAPIError, IntegrityError

from search.study import optuna_tables as disk_tables
from search.study.digests import DIGEST, OF_USER, check_attributes, check_database, check_trial, digest_of, trial_digest
from search.study.record import is_of_another_program
from space import InputError
from space.writing import temporary_of


class MirroredStorage(InMemoryStorage):
    """One study, in memory and in an SQLite file that any Optuna opens, with the same numbers and ids in both.

    A trial is on disk from `save` on, as it is then; later changes get there when it ends. Attributes of the study get
    there at once. With each trial and attribute goes a digest, on disk only, which is checked when the file is opened.

    Results of other programs are failures without parameters in memory, so that no sampler learns from them; `ignored`
    says how many there are.

    Args:
        path: of the file.
        name, directions: the study's, which is made if need be.

    Raises:
        InputError: something cannot be written; then trial or study stay as they were, in memory as well.
        Damaged: the file is not as it was written.
    """

    def __init__(self, path: Path, *, name: str, directions: Sequence[StudyDirection]) -> None:
        super().__init__()
        self._path = path
        self.ignored = 0
        self._queued: set[int] = set()
        """Ids of trials that were queued on disk when it was opened."""
        self._last_id = -1  # the first trial in memory gets 0
        if path.exists():
            check_database(path)
        else:
            _create(path, name, directions)
        disk = disk_tables.open_storage(path)
        names = [study.study_name for study in disk.get_all_studies()]
        if name not in names:
            raise InputError(f"{path} holds no study called {name}, but {', '.join(names) or 'none'}; move it away")
        self._disk, self._engine = disk, disk.engine
        self._id_on_disk = disk.get_study_id_from_name(name)
        self._id_here = self.create_new_study(directions, name)
        self._read(disk)

    def close(self) -> None:
        """Close the file; what is in memory remains."""
        self._disk.remove_session()
        self._engine.dispose()

    def trial_id(self, number: int) -> int:
        """The id of a trial, in memory and on disk."""
        return self.get_trial_id_from_study_id_trial_number(self._id_here, number)

    def save(self, number: int) -> None:
        """Write a new trial to disk, complete."""
        trial_id = self.trial_id(number)
        trial = self.get_trial(trial_id)
        with self._transaction() as connection:
            queued = trial_id in self._queued
            disk_tables.insert_trial(connection, trial_id, self._id_on_disk, trial, queued=queued)
            _put_attributes(connection, trial_id, trial, trial.state, None)

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        self._last_id = super().create_new_trial(study_id, template_trial)
        return self._last_id

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        if not state.is_finished():  # a queued trial begins, and is on disk from `save` on
            return super().set_trial_state_values(trial_id, state, values)
        with self._transaction() as connection:
            disk_tables.finish_trial(connection, trial_id, state, values)
            _put_attributes(connection, trial_id, self.get_trial(trial_id), state, values)
        return super().set_trial_state_values(trial_id, state, values)

    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> None:
        with self._transaction() as connection:
            self._put(connection, disk_tables.STUDY_USER, {key: value})
            self._put(connection, disk_tables.STUDY_SYSTEM, {OF_USER + key: digest_of(value)})
            # Where earlier versions kept it.
            disk_tables.remove_attribute(connection, disk_tables.STUDY_USER, self._id_on_disk, DIGEST + key)
        super().set_study_user_attr(study_id, key, value)

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
        with self._transaction() as connection:
            self._put(connection, disk_tables.STUDY_SYSTEM, {key: value, DIGEST + key: digest_of(value)})
        super().set_study_system_attr(study_id, key, value)

    def _read(self, disk: RDBStorage) -> None:
        """Copy what is on disk into memory."""
        with self._engine.connect() as connection:
            ids = disk_tables.trial_ids(connection, self._id_on_disk)
            last_id = disk_tables.last_trial_id(connection)
        for trial in disk.get_all_trials(self._id_on_disk, deepcopy=False):
            check_trial(trial)
            if trial.state == TrialState.WAITING:
                self._queued.add(ids[trial.number])
            self._skip_ids(before=ids[trial.number])
            if is_of_another_program(trial):
                self.ignored += 1
                trial = create_trial(state=TrialState.FAIL)
            self.create_new_trial(self._id_here, trial)
        self._skip_ids(before=last_id + 1)
        system = disk.get_study_system_attrs(self._id_on_disk)
        for key, value in check_attributes(disk.get_study_user_attrs(self._id_on_disk), system=system).items():
            super().set_study_user_attr(self._id_here, key, value)
        for key, value in check_attributes(system).items():
            super().set_study_system_attr(self._id_here, key, value)

    def _skip_ids(self, *, before: int) -> None:
        """Make the next trial in memory get the id `before`, as on disk: samplers note ids among the attributes.

        Ids are given in sequence, so a study that is deleted again uses up those that are not this study's.
        """
        if self._last_id + 1 < before:
            others = self.create_new_study([StudyDirection.MINIMIZE])
            while self._last_id + 1 < before:
                self.create_new_trial(others)
            self.delete_study(others)

    def _put(self, connection: Connection, into: TableClause, attributes: dict[str, Any]) -> None:
        disk_tables.put_attributes(connection, into, self._id_on_disk, attributes)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        if not self._path.exists():  # SQLite would go on writing into a file without a name
            raise InputError(f"{self._path} was removed while the search ran; what it held is in the tables beside it")
        with _writing(self._path), self._engine.begin() as connection:
            yield connection


def _create(path: Path, name: str, directions: Sequence[StudyDirection]) -> None:
    """Make a study that is complete or absent."""
    temporary = temporary_of(path)
    try:
        with _writing(path):
            disk = disk_tables.open_storage(temporary)
            optuna.create_study(study_name=name, storage=disk, directions=directions)
        disk.remove_session()
        disk.engine.dispose()
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except (DBAPIError, StorageInternalError) as error:  # the database's own message says more than Optuna's
        if isinstance(error, IntegrityError) and "UNIQUE" in str(error.orig):
            raise InputError(
                f"another program wrote a trial into {path} while the search ran; the same command resumes the search"
            ) from None
        cause = error if isinstance(error, DBAPIError) else error.__cause__
        raise InputError(f"cannot write {path}: {getattr(cause, 'orig', cause)}") from error


def _put_attributes(
    connection: Connection, trial_id: int, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
) -> None:
    system = {**trial.system_attrs, DIGEST: trial_digest(trial, state, values)}
    disk_tables.put_attributes(connection, disk_tables.TRIAL_USER, trial_id, trial.user_attrs)
    disk_tables.put_attributes(connection, disk_tables.TRIAL_SYSTEM, trial_id, system)

"""Where a study is kept: in memory, from which samplers read, and on disk, a transaction a step."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import distribution_to_json
from optuna.exceptions import StorageInternalError
from optuna.storages import InMemoryStorage, RDBStorage
from optuna.storages._rdb import models
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import func, insert, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from results.files import temporary_of
from search.study.digests import DIGEST, check_attributes, check_database, check_trial, digest_of, trial_digest
from space import InputError


class MirroredStorage(InMemoryStorage):
    """One study, in memory and in an SQLite file that any Optuna opens, with the same numbers and ids in both.

    A trial is on disk from `save` on, as it is then; what it is told later gets there when it ends. Attributes of the
    study get there at once. Optuna's own `RDBStorage`, which writes each gene for itself, takes ten times as long.
    With each trial and attribute goes a digest, on disk only, which is held against it when the file is opened.

    Args:
        path: of the file.
        name, directions: the study's, which is made if need be.

    Raises:
        InputError: something cannot be written; then trial or study stay as they were, in memory as well.
        Damaged: the file is not as it was written.
    """

    def __init__(self, path: Path, *, name: str, directions: list[str]) -> None:
        super().__init__()
        self._path = path
        if path.exists():
            check_database(path)
        else:
            _create(path, name, directions)
        disk = RDBStorage(f"sqlite:///{path}")
        optuna.create_study(study_name=name, storage=disk, directions=directions, load_if_exists=True)
        self._engine = disk.engine
        self._id_on_disk = disk.get_study_id_from_name(name)
        study_id = self.create_new_study([StudyDirection[direction.upper()] for direction in directions], name)
        for trial in disk.get_all_trials(self._id_on_disk, deepcopy=False):
            check_trial(trial)
            self._max_trial_id = trial._trial_id - 1
            self.create_new_trial(study_id, trial)
        with Session(self._engine) as session:
            self._max_trial_id = session.scalar(select(func.max(models.TrialModel.trial_id))) or 0
        for key, value in check_attributes(disk.get_study_user_attrs(self._id_on_disk)).items():
            super().set_study_user_attr(study_id, key, value)
        for key, value in check_attributes(disk.get_study_system_attrs(self._id_on_disk)).items():
            super().set_study_system_attr(study_id, key, value)

    def save(self, trial_id: int) -> None:
        """Write a new trial down, whole."""
        trial = self.get_trial(trial_id)
        row = models.TrialModel(
            trial_id=trial_id,
            study_id=self._id_on_disk,
            number=trial.number,
            state=trial.state,
            datetime_start=trial.datetime_start,
        )
        params = [
            {
                "trial_id": trial_id,
                "param_name": name,
                "param_value": distribution.to_internal_repr(trial.params[name]),
                "distribution_json": distribution_to_json(distribution),
            }
            for name, distribution in trial.distributions.items()
        ]
        with self._transaction() as session:
            session.add(row)
            session.flush()
            _put(session, models.TrialParamModel, params)
            _put_attributes(session, trial, trial.state, None)

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        kinds = [models.TrialValueModel.value_to_stored_repr(value) for value in values or ()]
        rows = [
            {"trial_id": trial_id, "objective": objective, "value": value, "value_type": kind}
            for objective, (value, kind) in enumerate(kinds)
        ]
        with self._transaction() as session:
            row = session.get_one(models.TrialModel, trial_id)
            row.state, row.datetime_complete = state, datetime.now()
            _put(session, models.TrialValueModel, rows)
            _put_attributes(session, self.get_trial(trial_id), state, values)
        return super().set_trial_state_values(trial_id, state, values)

    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> None:
        self._put_study_attribute(models.StudyUserAttributeModel, key, value)
        super().set_study_user_attr(study_id, key, value)

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
        self._put_study_attribute(models.StudySystemAttributeModel, key, value)
        super().set_study_system_attr(study_id, key, value)

    def _put_study_attribute(self, model: type, key: str, value: Any) -> None:
        found = {key: value, DIGEST + key: digest_of(value)}
        rows = [{"study_id": self._id_on_disk, "key": k, "value_json": json.dumps(v)} for k, v in found.items()]
        with self._transaction() as session:
            _put(session, model, rows)

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        with _writing(self._path), Session(self._engine) as session, session.begin():
            yield session


def _create(path: Path, name: str, directions: list[str]) -> None:
    """Make a study that is whole or absent."""
    temporary = temporary_of(path)
    try:
        with _writing(path):
            disk = RDBStorage(f"sqlite:///{temporary}")
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
    except (DBAPIError, StorageInternalError) as error:  # Optuna's own words for the former say less
        cause = error if isinstance(error, DBAPIError) else error.__cause__
        raise InputError(f"cannot write {path}: {getattr(cause, 'orig', cause)}") from error


def _put(session: Session, model: type, rows: list[dict[str, Any]]) -> None:
    """Insert rows, over those that are there."""
    if rows:
        session.execute(insert(model).prefix_with("OR REPLACE"), rows)


def _put_attributes(session: Session, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
    system = {**trial.system_attrs, DIGEST: trial_digest(trial, state, values)}
    for model, attributes in (
        (models.TrialUserAttributeModel, trial.user_attrs),
        (models.TrialSystemAttributeModel, system),
    ):
        rows = [{"trial_id": trial._trial_id, "key": k, "value_json": json.dumps(v)} for k, v in attributes.items()]
        _put(session, model, rows)

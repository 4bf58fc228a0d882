"""The tables of Optuna's database: the columns that we write are those that the installed Optuna reads."""

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import PartialFixedSampler, RandomSampler
from optuna.storages import RDBStorage
from optuna.study import StudyDirection
from optuna.trial import TrialState
from sqlalchemy import TableClause

from search.study import optuna_tables
from search.study.digests import DIGEST
from search.study.optuna_tables import open_storage
from search.study.storage import MirroredStorage

TABLES = [table for table in vars(optuna_tables).values() if isinstance(table, TableClause)]
DIRECTIONS = [StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE]
DISTRIBUTIONS = {
    "block": CategoricalDistribution(("pre", "mid")),
    "k": IntDistribution(0, 4),
    "rate": FloatDistribution(0.1, 1.0, log=True),
}
PARAMS = {"block": "mid", "k": 3, "rate": 0.5}


def rows_of(path: Path, table: str) -> list[dict]:
    """Of an SQLite file, without the keys that SQLite gives and without our digests."""
    with closing(sqlite3.connect(path)) as disk:
        disk.row_factory = sqlite3.Row
        columns = [row["name"] for row in disk.execute(f"pragma table_info({table})") if not row["pk"]]
        rows = [{name: row[name] for name in columns} for row in disk.execute(f"select * from {table}")]
    return sorted((row for row in rows if not str(row.get("key")).startswith(DIGEST)), key=str)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_columns_are_those_of_the_installed_optuna(tmp_path, table):
    open_storage(tmp_path / "study.db")
    with closing(sqlite3.connect(tmp_path / "study.db")) as disk:
        columns = {name: pk for _, name, _, _, _, pk in disk.execute(f"pragma table_info({table.name})")}
    written = {name for name in table.c.keys() if not columns.get(name)}
    assert written == {name for name, pk in columns.items() if not pk}, (
        f"Optuna {optuna.__version__} has other columns in {table.name} than search/study/optuna_tables.py writes: "
        "adapt that file to them"
    )


def asked_in(storage: RDBStorage | MirroredStorage) -> optuna.Trial:
    """A trial of `PARAMS` with attributes, in a new study."""
    sampler = PartialFixedSampler(PARAMS, RandomSampler(0))
    study = optuna.create_study(
        study_name="s", storage=storage, directions=DIRECTIONS, sampler=sampler, load_if_exists=True
    )
    study.set_user_attr("replicates", {"0": 0.5})
    trial = study.ask(DISTRIBUTIONS)
    trial.set_user_attr("cost", {"flops": 3})
    study_id = storage.get_study_id_from_name("s")
    storage.set_study_system_attr(study_id, "parents", [4])
    trial_id = storage.get_trial_id_from_study_id_trial_number(study_id, trial.number)
    storage.set_trial_system_attr(trial_id, "generation", 1)
    return trial


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize(
    "state, values",
    [
        (None, None),
        (TrialState.COMPLETE, [0.25, float("inf")]),
        (TrialState.FAIL, None),
        (TrialState.PRUNED, None),
    ],
)
def test_a_trial_is_written_as_optuna_writes_it(tmp_path, state, values):
    began = datetime.now()
    theirs = open_storage(tmp_path / "theirs.db")
    ours = MirroredStorage(tmp_path / "ours.db", name="s", directions=DIRECTIONS)
    for storage in (theirs, ours):
        trial = asked_in(storage)
        if storage is ours:
            ours.save(trial.number)
        if state:
            optuna.load_study(study_name="s", storage=storage).tell(trial, values, state=state)
    for table in TABLES:
        one, other = rows_of(tmp_path / "theirs.db", table.name), rows_of(tmp_path / "ours.db", table.name)
        for row in (*one, *other):
            for name in ("datetime_start", "datetime_complete"):
                row.pop(name, None)
        assert other == one and (one or not values)
    (read,) = optuna.load_study(study_name="s", storage=open_storage(tmp_path / "ours.db")).trials
    assert (read.params, read.distributions, read.values) == (PARAMS, DISTRIBUTIONS, values)
    assert read.state == (state or TrialState.RUNNING)
    for moment in (read.datetime_start, read.datetime_complete) if state else (read.datetime_start,):
        assert timedelta(0) <= moment - began < timedelta(minutes=5)


@pytest.mark.parametrize("name", ["a?b", "a#b", "100%", "{x}", "ä b&c=d", "a%20b", "a\\b", "'\""])
def test_any_path_is_a_path(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    MirroredStorage(folder / "study.db", name="s", directions=DIRECTIONS)
    assert [path.name for path in folder.iterdir()] == ["study.db"]
    assert list(tmp_path.iterdir()) == [folder]
    again = optuna.load_study(study_name="s", storage=open_storage(folder / "study.db"))
    assert again.directions == DIRECTIONS

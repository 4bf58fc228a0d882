"""The tables of Optuna's database, and how one trial is written there: all that this project knows of their columns.

Optuna's own storage writes each gene by itself, which takes ten times as long. `tests/search/study` holds these columns
against those that the installed Optuna makes.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from math import isinf
from pathlib import Path
from typing import Any

from optuna.distributions import distribution_to_json
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Connection, DateTime, QueuePool, TableClause, column, delete, func, insert, select, table, update

from search.study.digests import PATIENCE

TRIALS = table(
    "trials",
    *map(column, ("trial_id", "number", "study_id", "state")),
    column("datetime_start", DateTime),
    column("datetime_complete", DateTime),
)
PARAMS = table("trial_params", *map(column, ("trial_id", "param_name", "param_value", "distribution_json")))
VALUES = table("trial_values", *map(column, ("trial_id", "objective", "value", "value_type")))
TRIAL_USER = table("trial_user_attributes", *map(column, ("trial_id", "key", "value_json")))
TRIAL_SYSTEM = table("trial_system_attributes", *map(column, ("trial_id", "key", "value_json")))
STUDY_USER = table("study_user_attributes", *map(column, ("study_id", "key", "value_json")))
STUDY_SYSTEM = table("study_system_attributes", *map(column, ("study_id", "key", "value_json")))


def open_storage(path: Path) -> RDBStorage:
    """Optuna's storage in an SQLite file, whatever characters its path has; made if need be.

    A write waits up to `PATIENCE` seconds for other programs that read or write the file.
    """
    connect = partial(sqlite3.connect, path.absolute(), timeout=PATIENCE, check_same_thread=False)
    return RDBStorage("sqlite://", {"creator": connect, "poolclass": QueuePool})


def trial_ids(connection: Connection, study_id: int) -> dict[int, int]:
    """By number, the id of each trial of a study."""
    rows = connection.execute(select(TRIALS.c.number, TRIALS.c.trial_id).where(TRIALS.c.study_id == study_id))
    return {number: trial_id for number, trial_id in rows}


def last_trial_id(connection: Connection) -> int:
    """Of all studies of the database; 0 without trials."""
    return connection.scalar(select(func.max(TRIALS.c.trial_id))) or 0


def insert_trial(
    connection: Connection, trial_id: int, study_id: int, trial: FrozenTrial, *, queued: bool = False
) -> None:
    """Write a trial that is under way, without its attributes; `queued` ones are there, and are written anew."""
    row = {"trial_id": trial_id, "study_id": study_id, "number": trial.number, "state": trial.state.name}
    if queued:
        connection.execute(delete(TRIALS).where(TRIALS.c.trial_id == trial_id))
    connection.execute(insert(TRIALS), {**row, "datetime_start": _utc(trial.datetime_start)})
    params = (
        {
            "trial_id": trial_id,
            "param_name": name,
            "param_value": distribution.to_internal_repr(trial.params[name]),
            "distribution_json": distribution_to_json(distribution),
        }
        for name, distribution in trial.distributions.items()
    )
    _put(connection, PARAMS, params)


def finish_trial(connection: Connection, trial_id: int, state: TrialState, values: Sequence[float] | None) -> None:
    """Write the end of a trial."""
    row = update(TRIALS).where(TRIALS.c.trial_id == trial_id)
    connection.execute(row.values(state=state.name, datetime_complete=_utc(datetime.now())))
    rows = ({"trial_id": trial_id, "objective": n, **_stored(value)} for n, value in enumerate(values or ()))
    _put(connection, VALUES, rows)


def put_attributes(connection: Connection, of: TableClause, owner: int, attributes: dict[str, Any]) -> None:
    """Write attributes of a trial or a study, which replace those of the same keys.

    Args:
        of: `TRIAL_USER`, `TRIAL_SYSTEM`, `STUDY_USER` or `STUDY_SYSTEM`.
        owner: id of the trial or the study.
        attributes: anything that JSON can hold, by key.
    """
    owner_id, *_ = of.c.keys()
    _put(connection, of, ({owner_id: owner, "key": k, "value_json": json.dumps(v)} for k, v in attributes.items()))


def remove_attribute(connection: Connection, of: TableClause, owner: int, key: str) -> None:
    """Remove an attribute, if it is there; arguments as of `put_attributes`."""
    owner_id, *_ = of.c
    connection.execute(delete(of).where(owner_id == owner, of.c.key == key))


def _put(connection: Connection, into: TableClause, rows: Iterable[dict[str, Any]]) -> None:
    if listed := list(rows):
        connection.execute(insert(into).prefix_with("OR REPLACE"), listed)


def _stored(value: float) -> dict[str, float | str | None]:
    if isinf(value):
        return {"value": None, "value_type": "INF_POS" if value > 0 else "INF_NEG"}
    return {"value": value, "value_type": "FINITE"}


def _utc(moment: datetime | None) -> datetime | None:
    """Local time to UTC, both without a time zone, as Optuna stores it."""
    return moment and moment.astimezone(UTC).replace(tzinfo=None)

"""How a damaged study is recognized: by SQLite's own checks, and by digests of what it holds."""

import hashlib
import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from typing import Any

from optuna.distributions import distribution_to_json
from optuna.trial import FrozenTrial, TrialState

DIGEST = "mobinas:digest"
"""Key of a trial's digest among its system attributes, and what the key of a study attribute's digest begins with."""
OF_USER = f"{DIGEST}user:"
"""What the key of a user attribute's digest begins with: it is a system attribute, which no dashboard shows."""

PATIENCE = 60
"""Seconds to wait for another program that has the database locked."""


class Damaged(ValueError):
    """A study is not as it was written."""


def check_database(path: Path) -> None:
    """Raises Damaged where pages, indices and references of an SQLite file do not fit each other."""
    if not path.stat().st_size:
        raise Damaged("it is empty")
    with closing(sqlite3.connect(path, timeout=PATIENCE)) as connection:
        problems = [*connection.execute("PRAGMA integrity_check(1)"), *connection.execute("PRAGMA foreign_key_check")]
    if problems != [("ok",)]:
        raise Damaged("it is damaged")


def digest_of(content: Any) -> str:
    """The digest of anything that JSON can hold; the same after it was written as JSON and read."""
    plain = json.loads(json.dumps(content))
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]


def trial_digest(trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> str:
    """The digest of a trial that ends with, or has, `state` and `values`; dates are left out."""
    genes = {name: [trial.params[name], distribution_to_json(d)] for name, d in trial.distributions.items()}
    outcome = [state.name, list(map(float, values or ()))]
    return digest_of([trial.number, *outcome, genes, trial.user_attrs, trial.system_attrs])


def check_trial(trial: FrozenTrial) -> None:
    """Remove the digest from a trial; raise Damaged where it does not fit. Earlier versions wrote none."""
    stored = trial.system_attrs.pop(DIGEST, None)
    if stored is not None and stored != trial_digest(trial, trial.state, trial.values):
        raise Damaged(f"trial {trial.number} is damaged")


def check_attributes(attributes: dict[str, Any], *, system: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    """The attributes of a study without their digests; raises Damaged where one does not fit.

    Args:
        attributes: those of the system, or those of the user, among which earlier versions kept their digests.
        system: those of the system, with the digests of the user's.
    """
    for key, value in attributes.items():
        stored = attributes.get(DIGEST + key, system.get(OF_USER + key))
        if stored is not None and stored != digest_of(value):
            raise Damaged(f"its attribute {key} is damaged")
    return {key: value for key, value in attributes.items() if not key.startswith(DIGEST)}

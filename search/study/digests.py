"""What tells a study that is damaged from one that is sound: SQLite's own checks, and digests of what it holds."""

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from optuna.distributions import distribution_to_json
from optuna.trial import FrozenTrial, TrialState

DIGEST = "mobinas:digest"
"""Key of a trial's digest among its system attributes, and what the key of a study attribute's digest begins with."""


class Damaged(ValueError):
    """A study holds what was never written there."""


def check_database(path: Path) -> None:
    """Raises Damaged where pages, indices and references of an SQLite file do not fit each other."""
    if not path.stat().st_size:
        raise Damaged("it is empty")
    with closing(sqlite3.connect(path)) as connection:
        found = [*connection.execute("PRAGMA integrity_check(1)"), *connection.execute("PRAGMA foreign_key_check")]
    if found != [("ok",)]:
        raise Damaged("it is damaged")


def digest_of(content: Any) -> str:
    """Of anything that JSON can hold, equal before and after."""
    plain = json.loads(json.dumps(content))
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]


def trial_digest(trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> str:
    """Of a trial that ends with, or has, `state` and `values`; dates are left out."""
    genes = {name: [trial.params[name], distribution_to_json(d)] for name, d in trial.distributions.items()}
    told = [state.name, list(map(float, values or ()))]
    return digest_of([trial.number, *told, genes, trial.user_attrs, trial.system_attrs])


def check_trial(trial: FrozenTrial) -> None:
    """Take the digest off a trial, and raise Damaged where it is another's. Earlier versions wrote none."""
    stated = trial.system_attrs.pop(DIGEST, None)
    if stated is not None and stated != trial_digest(trial, trial.state, trial.values):
        raise Damaged(f"trial {trial.number} is damaged")


def check_attributes(attributes: dict[str, Any]) -> dict[str, Any]:
    """Attributes of a study, verified and without their digests. Raises Damaged."""
    for key, value in attributes.items():
        stated = attributes.get(DIGEST + key)
        if stated is not None and stated != digest_of(value):
            raise Damaged(f"its attribute {key} is damaged")
    return {key: value for key, value in attributes.items() if not key.startswith(DIGEST)}

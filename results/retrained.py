"""What networks of a run reached when they were trained for good."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from results.files import check_sums, read_json
from results.run_config import RunConfig
from results.tables import genes_in
from space import InputError
from space.family import find_family

COLUMNS = ("key", "searched", "validation", "test", "ops", "epochs", "architecture")
FEWEST = 3


@dataclass(frozen=True, kw_only=True)
class Retrained:
    """The retrainings in a run's folder.

    Args:
        rows: one a network by rising OPs, with `COLUMNS`; accuracies in 0..1.
        left_out: what cannot be shown, and why.
    """

    rows: pd.DataFrame
    left_out: tuple[str, ...]


def read_retrained(folder: Path, trials: pd.DataFrame, config: RunConfig) -> Retrained:
    """Read every ``retrain/KEY/summary.json``; a folder without one is not finished, and passed over.

    Args:
        folder: the run's.
        trials: its trials, one row each.
        config: the run's settings.
    """
    complete = trials[trials["state"] == "complete"].set_index("key", drop=False)
    rows, left_out = [], []
    for path in sorted(folder.glob("retrain/*/summary.json")):
        try:
            rows.append(_row(path, complete, config))
        except InputError as error:
            left_out.append(str(error))
    table = pd.DataFrame(rows, columns=COLUMNS).sort_values(["ops", "key"])
    return Retrained(rows=table, left_out=tuple(left_out))


def _row(path: Path, complete: pd.DataFrame, config: RunConfig) -> dict[str, Any]:
    """One retraining and the trial it began from. Raises InputError when they cannot be compared."""
    check_sums(path.parent, path.name)
    content, key = read_json(path), path.parent.name
    if not _is_summary(content) or content["key"] != key:
        raise InputError(f"{path} is not what a retraining of {key} writes")
    if key not in complete.index:
        raise InputError(f"{path} is of no complete trial of this run")
    if content["dataset"] != config.dataset:
        raise InputError(f"{path} is of images of {content['dataset']}, not of {config.dataset}")
    trial = complete.loc[key]
    if content["cost"]["params"] != trial["params"]:
        raise InputError(f"{path} is of images of other classes")
    return {
        "key": key,
        "searched": trial["accuracy"],
        "validation": content["validation_top1"],
        "test": content["test_top1"],
        "ops": trial["ops"],
        "epochs": content["epochs"],
        "architecture": find_family(config.family).describe(genes_in(trial)),
    }


def _is_summary(content: Any) -> bool:
    match content:
        case {
            "key": str(),
            "dataset": str(),
            "epochs": int(),
            "cost": {"params": int()},
            "validation_top1": int() | float() as validation,
            "test_top1": int() | float() as test,
        }:
            return 0 <= validation <= 1 and 0 <= test <= 1
    return False


def agreement(rows: pd.DataFrame) -> str:
    """How far the search put networks in the order that the test images do; empty where they are too few to tell."""
    if len(rows) < FEWEST:
        return ""
    from scipy.stats import kendalltau  # slow to load, and a search's workers load this module

    tau = kendalltau(rows["searched"], rows["test"]).statistic
    if pd.isna(tau):
        return (
            f"All {len(rows)} networks tie in the search or on the test images, so that there is no order to compare."
        )
    return (
        f"Kendall's tau between the searched and the retrained test accuracy of these {len(rows)} networks is "
        f"{tau:z.2f} (1: the same order; 0: none in common; -1: the reverse)."
    )

"""What networks of a run reached when they were trained on the full schedule."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan, nan
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import pandas as pd

from results.entry import architecture_of
from results.files import check_sums, read_json
from results.run_config import RunConfig
from results.tables import completed
from results.words import counted
from space import InputError

COLUMNS = ("key", "searched", "validation", "test", "cost", "epochs", "architecture", "seeds", "deviation")
FEWEST = 3
"""Networks whose order can be compared."""


@dataclass(frozen=True, kw_only=True)
class Retrained:
    """The retrainings in a run's folder.

    Args:
        rows: one a network by rising cost, with `COLUMNS`: accuracies in 0..1, of several seeds their means; the cost
            of the run's objective; the standard deviation of the test accuracy between seeds, NaN of one.
        left_out: what cannot be shown, and why.
    """

    rows: pd.DataFrame
    left_out: tuple[str, ...]

    @property
    def tested(self) -> list[str]:
        """What each reached on the test images, in words."""
        rows = zip(self.rows["test"], self.rows["deviation"], self.rows["seeds"])
        return [
            f"{test:.2%} ± {deviation:.2%} ({seeds} seeds)" if seeds > 1 else f"{test:.2%}"
            for test, deviation, seeds in rows
        ]


def read_retrained(folder: Path, trials: pd.DataFrame, config: RunConfig) -> Retrained:
    """Read every ``summary.json`` in ``retrain/KEY`` and ``retrain/KEY-seedN``; without one, it is not finished.

    Seeds of a network are averaged where they were trained for as many epochs as its first one.

    Args:
        folder: the run's.
        trials: its trials, one row each.
        config: the run's settings.
    """
    complete = {row["key"]: row for row in completed(trials).to_dict("records")}
    found: dict[str, list[dict[str, Any]]] = {}
    left_out = []
    for path in sorted(folder.glob("retrain/*/summary.json")):
        try:
            row = _row(path, complete, config)
            seeds = found.setdefault(row["key"], [])
            if seeds and row["epochs"] != seeds[0]["epochs"]:
                own, others = row["epochs"], seeds[0]["epochs"]
                raise InputError(f"{path} is of {counted(own, 'epoch')}, other seeds are of {others:,}")
            seeds.append(row)
        except InputError as error:
            left_out.append(str(error))
    rows = [_averaged(seeds) for seeds in found.values() if seeds]
    table = pd.DataFrame(rows, columns=pd.Index(COLUMNS)).sort_values(by=["cost", "key"])
    return Retrained(rows=table, left_out=tuple(left_out))


def _averaged(seeds: list[dict[str, Any]]) -> dict[str, Any]:
    """One row for the seeds of a network."""
    tests = [row["test"] for row in seeds]
    return {
        **seeds[0],
        "validation": mean(row["validation"] for row in seeds),
        "test": mean(tests),
        "seeds": len(seeds),
        "deviation": stdev(tests) if len(seeds) > 1 else nan,
    }


def _row(path: Path, complete: Mapping[str, Mapping[Any, Any]], config: RunConfig) -> dict[str, Any]:
    """One retraining and the trial of its network. Raises InputError when they cannot be compared."""
    check_sums(path.parent, path.name)
    content, name = read_json(path), path.parent.name
    key = name.partition("-seed")[0]
    validation, test = (config.measure.after_retraining(part) for part in ("validation", "test"))
    sound = _is_summary(content, validation, test) and content["key"] == key
    if not sound or name not in (key, f"{key}-seed{content.get('seed')}"):
        raise InputError(f"{path} is not what a retraining of {name} writes")
    if key not in complete:
        raise InputError(f"{path} is of no complete trial of this run")
    if content["dataset"] != config.dataset:
        raise InputError(f"{path} is of images of {content['dataset']}, not of {config.dataset}")
    trial = complete[key]
    if content["cost"]["params"] != trial["params"]:
        raise InputError(f"{path} is of images of other classes")
    return {
        "key": key,
        "searched": trial[config.measure.column],
        "validation": content[validation],
        "test": content[test],
        "cost": trial[config.objective],
        "epochs": content["epochs"],
        "architecture": architecture_of(trial, config).describe(),
    }


def _is_summary(content: Any, *shares: str) -> bool:
    match content:
        case {"key": str(), "dataset": str(), "epochs": int(), "cost": {"params": int()}}:
            reached = [content.get(name) for name in shares]
            return all(isinstance(share, int | float) and 0 <= share <= 1 for share in reached)
    return False


def agreement(rows: pd.DataFrame) -> str:
    """How far the search put networks in the order that the test images do; empty where they are too few."""
    if len(rows) < FEWEST:
        return ""
    from scipy.stats import kendalltau  # slow to load, and a search's workers load this module

    result: Any = kendalltau(rows["searched"], rows["test"])
    tau = float(result.statistic)
    if isnan(tau):
        return f"All {len(rows)} networks tie in the search or on the test images: there is no order to compare."
    return (
        f"Kendall's tau between the searched and the retrained test accuracy of these {len(rows)} networks is "
        f"{tau:z.2f} (1: the same order; 0: none in common; -1: the reverse)."
    )

"""The tables a study leaves: all trials, the front, and the one network to take."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from results.files import SCHEMA, write_atomic, write_json, write_sums
from results.pareto import hypervolume, knee, on_front
from results.run_config import RunConfig

COLUMNS = (
    "number", "state", "source", "key", "accuracy", "expected", "ops", "flops", "bops", "padded_bops", "elementwise",
    "params", "bytes", "epochs", "seconds", "reason",
)  # fmt: skip
COSTS = ("ops", "flops", "bops", "padded_bops", "elementwise", "params", "bytes")


def read_trials(folder: Path) -> pd.DataFrame:
    """What `write_tables` wrote into trials.csv."""
    gaps = {name: "" for name in ("accuracy", "expected", "epochs", "seconds")}
    return pd.read_csv(folder / "trials.csv", dtype={"key": str}, keep_default_na=False, na_values=gaps)


def genes_in(row: pd.Series) -> dict[str, Any]:
    """The choices of one trial, by gene."""
    return {name: choice for name, choice in row.items() if name not in COLUMNS}


def judged(trials: pd.DataFrame) -> pd.Series:
    """The accuracy that decides: the expected one where it is known, else the measured one."""
    accuracy = trials["accuracy"].astype(float)
    return trials["expected"].astype(float).fillna(accuracy) if "expected" in trials else accuracy


def front_of(trials: pd.DataFrame) -> pd.DataFrame:
    """The rows of the front, by rising OPs; of equal networks in both, the first."""
    accuracy = judged(trials)
    front = trials[on_front(accuracy, trials["ops"])].sort_values(["ops", "number"])
    return front[~pd.DataFrame({"accuracy": accuracy[front.index], "ops": front["ops"]}).duplicated()]


def choose_best(front: pd.DataFrame, max_ops: float | None) -> tuple[int, str]:
    """Index label of the row to take, and the rule that chose it."""
    if max_ops is not None:
        return judged(front).idxmax(), f"the most accurate network within --max-ops {max_ops:g}"
    position = knee(judged(front), front["ops"])
    return front.index[
        position
    ], "the knee of the front: farthest above the line between its ends, accuracy over log OPs"


def entry(row: pd.Series, config: RunConfig) -> dict[str, Any]:
    """One trial as JSON: the architecture, its cost and its accuracy, and what a retraining has to know."""
    return {
        "schema": SCHEMA,
        "key": row["key"],
        "architecture": {
            "family": config.family,
            "backbone": config.backbone,
            "width": config.width,
            "genes": {name: _plain(choice) for name, choice in genes_in(row).items()},
        },
        "accuracy": float(row["accuracy"]),
        "expected": float(row["expected"]) if pd.notna(row.get("expected")) else None,
        "cost": {name: _plain(row[name]) for name in COSTS},
        "dataset": config.dataset,
        "data_dir": config.data_dir,
        "num_classes": config.num_classes,
    }


def write_tables(folder: Path, trials: pd.DataFrame, config: RunConfig, noise: dict[str, float] | None) -> None:
    """Write trials.csv and, as soon as a trial is complete, pareto.csv, pareto.json and best.json, then their digests.

    Args:
        folder: the run's.
        trials: one row a trial: `COLUMNS`, then one column a gene.
        config: the run's settings.
        noise: what `noise_of` found.
    """
    write_atomic(folder / "trials.csv", trials.to_csv(index=False))
    front = front_of(trials)
    if not front.empty:
        _write_front(folder, front, config, noise)
    write_sums(folder, "config.json", "trials.csv", "pareto.csv", "pareto.json", "best.json")


def _write_front(folder: Path, front: pd.DataFrame, config: RunConfig, noise: dict[str, float] | None) -> None:
    write_atomic(folder / "pareto.csv", front.to_csv(index=False))
    reference = config.reference
    summary = {
        "schema": SCHEMA,
        "reference": {"accuracy": reference.accuracy, config.objective: reference.cost},
        "hypervolume": hypervolume(judged(front), front["ops"], reference=(reference.accuracy, reference.cost)),
        "noise": noise,
        "front": [entry(row, config) for _, row in front.iterrows()],
    }
    write_json(folder / "pareto.json", summary)
    index, rule = choose_best(front, config.max_ops)
    write_json(folder / "best.json", {**entry(front.loc[index], config), "rule": rule})


def noise_of(pairs: list[tuple[float, float]]) -> dict[str, float] | None:
    """How far two trainings of one network differ by chance.

    Args:
        pairs: accuracies of the same network under two seeds.

    Returns:
        The standard deviation of one training, pooled over the pairs, and their number; None without pairs.
    """
    if not pairs:
        return None
    differences = np.subtract(*np.transpose(pairs))
    return {"std": float(np.sqrt((differences**2).mean() / 2)), "pairs": len(pairs)}


def _plain(value: Any) -> Any:
    """A number as Python's own, whole where it is whole."""
    if isinstance(value, (float, np.floating)):
        return int(value) if float(value).is_integer() else float(value)
    return value.item() if isinstance(value, np.generic) else value

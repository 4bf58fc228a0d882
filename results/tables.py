"""The tables a study leaves: all trials, the front, and the one network to take."""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from results.entry import Entry
from results.files import write_json, write_sums
from results.front import Front
from results.measures import ACCURACY, SCORES, Measure
from results.noise import Noise
from results.pareto import front_rows, hypervolume, knee
from results.run_config import RunConfig
from space.cost import COSTS
from space.errors import InputError, first_line
from space.objective import Objective
from space.reading import read_input
from space.writing import write_atomic

COLUMNS = (
    "number", "state", "source", "key", "accuracy", "expected", *COSTS, "epochs", "seconds", "reason",
)  # fmt: skip

QUEUED = "queued"
"""The source of a trial that another program queued, where that is no network."""
STD = "expected_std"
"""The column with the standard deviations of the expected accuracies, where there are any."""


def read_trials(folder: Path) -> pd.DataFrame:
    """The networks that `write_tables` wrote into trials.csv. Raises InputError where it holds anything else."""
    path, gaps = folder / "trials.csv", dict.fromkeys(("accuracy", "expected", STD, "epochs", "seconds", *SCORES), "")
    text, _ = _parted(read_input(path))
    try:
        trials = pd.read_csv(io.StringIO(text), dtype={"key": str}, keep_default_na=False, na_values=gaps)
    except ValueError as error:  # of which pandas' own errors are
        raise InputError(f"{path} is not what a search writes: {first_line(error)}") from None
    if missing := [name for name in COLUMNS if name not in trials and name != "expected"]:
        raise InputError(f"{path} is not what a search writes: it has no column {missing[0]}")
    return trials


def read_refused(folder: Path) -> dict[int, str]:
    """By number, why trials of trials.csv have no network."""
    _, text = _parted(read_input(folder / "trials.csv"))
    return {int(row[0]): row[COLUMNS.index("reason")] for row in csv.reader(io.StringIO(text))}


def _parted(text: str) -> tuple[str, str]:
    """The head of trials.csv with the rows that have a network, and the rows after them, which have none."""
    without = re.search(rf"^\d+,failed,{QUEUED},,", text, re.MULTILINE)
    end = without.start() if without else len(text)
    return text[:end], text[end:]


def completed(trials: pd.DataFrame) -> pd.DataFrame:
    """The rows of complete trials: those that are not under way, and were neither stopped nor failed."""
    return trials.loc[trials["state"] == "complete"]


def deciding_accuracy(trials: pd.DataFrame, measure: Measure) -> NDArray[np.float64]:
    """(n,) accuracies that decide: the expected one where there is one, else the measured one; NaN without both."""
    accuracy = trials[measure.column].to_numpy(float)
    if "expected" not in trials:
        return accuracy
    expected = trials["expected"].to_numpy(float)
    return np.where(np.isnan(expected), accuracy, expected)


def is_smoothed(trials: pd.DataFrame, measure: Measure) -> bool:
    """Whether each of them has an expected accuracy, and these are not just the measured ones, as of few trials."""
    if "expected" not in trials or trials["expected"].isna().to_numpy().any():
        return False
    return bool((trials["expected"] != trials[measure.column]).to_numpy().any())


def deciding_error(trials: pd.DataFrame, noise: Noise | None) -> NDArray[np.float64]:
    """(n,) standard deviations of the accuracies that decide; NaN where they are not known.

    Args:
        trials: n complete ones.
        noise: between two trainings of one network; it counts where there is no column of them.
    """
    if STD in trials and bool(trials[STD].notna().to_numpy().all()):
        return trials[STD].to_numpy(float)
    return np.full(len(trials), np.nan if noise is None else noise.std)


def front_of(trials: pd.DataFrame, objective: Objective, measure: Measure) -> pd.DataFrame:
    """The rows of the front, by rising cost; of networks that are equal in accuracy and cost, the first.

    Here and below accuracy is the number of the measure that the search maximises.
    """
    trials = trials.sort_values(by="number")
    return trials.iloc[front_rows(deciding_accuracy(trials, measure), trials[objective.name].to_numpy(float))]


def choose_best(front: pd.DataFrame, objective: Objective, limit: float | None, measure: Measure) -> tuple[int, str]:
    """Which row of the front to take, and the rule that chose it.

    Args:
        front: as `front_of` gives it.
        objective: its cost.
        limit: the budget, if any.
        measure: what is maximised.
    """
    accuracy = deciding_accuracy(front, measure)
    most = "the most accurate network" if measure is ACCURACY else f"the network of the highest {measure.title}"
    if limit is not None:
        return int(accuracy.argmax()), f"{most} within {objective.flag} {limit:g}"
    line = f"the line between the ends of the front, {measure.title} over log {objective.unit}"
    chosen = knee(accuracy, front[objective.name])
    if chosen == len(front) - 1:
        return chosen, f"{most}, since the front has no knee: none is above {line}"
    return chosen, f"the knee of the front: farthest above {line}"


def write_tables(
    folder: Path,
    trials: pd.DataFrame,
    config: RunConfig,
    noise: Noise | None,
    refused: Mapping[int, str] = MappingProxyType({}),
) -> tuple[Front, Entry] | None:
    """Write trials.csv and, as soon as a trial is complete, pareto.csv, pareto.json and best.json, then their digests.

    Returns the front and the chosen network, if there are any.

    Args:
        folder: the run's.
        trials: one row a trial: `COLUMNS`, then one column a gene.
        config: the run's settings.
        noise: between two trainings of one network, if it was measured.
        refused: by number, why trials have no network; their rows, of few fields, come last.
    """
    few = [
        {"number": number, "state": "failed", "source": QUEUED, "reason": reason} for number, reason in refused.items()
    ]
    last = pd.DataFrame(few, columns=trials.columns).to_csv(index=False, header=False)
    write_atomic(folder / "trials.csv", trials.to_csv(index=False) + last)
    written = front_and_best(trials, config, noise)
    if written:
        front, best = written
        write_atomic(folder / "pareto.csv", front_of(trials, config.cost, config.measure).to_csv(index=False))
        write_json(folder / "pareto.json", front.to_dict(config.objective))
        write_json(folder / "best.json", best.to_dict())
    write_sums(folder, "config.json", "trials.csv", "pareto.csv", "pareto.json", "best.json")
    return written


def front_and_best(trials: pd.DataFrame, config: RunConfig, noise: Noise | None) -> tuple[Front, Entry] | None:
    """The front and the chosen network, if there are any; arguments as of `write_tables`."""
    objective, reference = config.cost, config.reference
    rows = front_of(trials, objective, config.measure)
    if rows.empty:
        return None
    entries = tuple(Entry.of(row, config) for row in rows.to_dict("records"))
    corner = reference.accuracy, reference.cost
    front = Front(
        entries=entries,
        reference=reference,
        hypervolume=hypervolume(deciding_accuracy(rows, config.measure), rows[objective.name], reference=corner),
        noise=noise,
    )
    limit = config.limit if config.limit is not None and config.limit <= reference.cost else None
    row, rule = choose_best(rows, objective, limit, config.measure)
    return front, replace(entries[row], rule=rule)

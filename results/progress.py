"""How the front grew: its hypervolume after each trial, and after each second of training."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from results.pareto import hypervolume, on_front
from results.run_config import RunConfig
from results.tables import completed, deciding_accuracy

TITLES = {"trials": "complete trials", "seconds": "seconds of training"}
"""Of what it grew with."""
SEARCH, RANDOM = "this search", "random search, expected"
"""Names of the lines."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """The hypervolume where it changes, and at the end.

    Args:
        trials: complete ones so far.
        seconds: that they took.
        hypervolume: of their front, 0 to 1, by the accuracies that decide at the end of the search.
    """

    trials: list[int]
    seconds: list[float]
    hypervolume: list[float]


def progress_of(trials: pd.DataFrame, config: RunConfig) -> Progress:
    """Of the complete trials in the order of their numbers."""
    complete = completed(trials).sort_values(by="number")
    accuracy, cost = deciding_accuracy(complete, config.measure), complete[config.objective].to_numpy(float)
    elapsed = np.nan_to_num(complete["seconds"].to_numpy(float)).cumsum()
    corner = config.reference.accuracy, config.reference.cost
    found, front = Progress(trials=[], seconds=[], hypervolume=[]), np.empty(0, int)
    for number in range(len(complete)):
        candidates = np.append(front, number)
        kept = candidates[on_front(accuracy[candidates], cost[candidates])]
        is_last = number == len(complete) - 1
        if number in kept or is_last:
            front = kept
            found.trials.append(number + 1)
            found.seconds.append(round(float(elapsed[number]), 2))
            found.hypervolume.append(round(hypervolume(accuracy[front], cost[front], reference=corner), 6))
    return found

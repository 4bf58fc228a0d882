"""How the front grew: its hypervolume after each trial, and after each second of training."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from results.page.html import Section, figure
from results.pareto import hypervolume, on_front
from results.run_config import RunConfig
from results.tables import deciding_accuracy

TITLES = {"trials": "complete trials", "seconds": "seconds of training"}


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
    complete = trials.loc[trials["state"] == "complete"].sort_values(by="number")
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


def progress_section(trials: pd.DataFrame, config: RunConfig) -> Section:
    """Two figures; empty where fewer than two trials are complete."""
    progress = progress_of(trials, config)
    if len(progress.trials) < 2:
        return Section(title="Progress", body="")
    share, end = progress.hypervolume, progress.trials[-1]
    at = next(count for count, value in zip(progress.trials, share) if value >= 0.99 * share[-1])
    words = (
        f"Hypervolume of the front, {share[-1]:.2%} after {end:,} trials; 99 % of it was reached after {at:,} of them."
    )
    drawn = figure("by-trials", words, "small") + figure(
        "by-seconds", "The same over the time of all trainings, added up over workers.", "small"
    )
    figures = {
        "by-trials": _drawn(progress.trials, share, TITLES["trials"]),
        "by-seconds": _drawn(progress.seconds, share, TITLES["seconds"]),
    }
    return Section(title="Progress", body=f"<div class='pair'>{drawn}</div>", figures=figures)


def _drawn(x: list[Any], share: list[float], title: str) -> Any:
    drawn = go.Figure(layout={"xaxis": {"title": title}, "yaxis": {"title": "hypervolume", "tickformat": ".0%"}})
    drawn.add_scatter(x=x, y=share, mode="lines", line={"shape": "hv"}, meta="hand", showlegend=False)
    return plain(drawn)


def plain(drawn: go.Figure) -> Any:
    """A figure as JSON holds it, without a template: the page has its own colours."""
    drawn.update_layout(template=None)
    return drawn.to_plotly_json()

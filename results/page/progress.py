"""Two figures of how the front grew."""

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from results.page.html import Section, figure, plain
from results.progress import RANDOM, SEARCH, TITLES, Progress, progress_of
from results.run_config import RunConfig

BESIDE = (
    " The dashed line is an estimate of random search after the same hand-designed networks, by the regression that "
    "gives expected accuracies. It is more likely too low than too high."
)


def progress_section(trials: pd.DataFrame, config: RunConfig, random: Progress | None = None) -> Section:
    """Two figures; empty where fewer than two trials are complete.

    Args:
        trials: of the search.
        config: its settings.
        random: how the front of random search would have grown, where this is known.
    """
    progress = progress_of(trials, config)
    if len(progress.trials) < 2:
        return Section(title="Progress", body="")
    share, end = progress.hypervolume, progress.trials[-1]
    at = next(count for count, value in zip(progress.trials, share) if value >= 0.99 * share[-1])
    words = (
        f"Hypervolume of the front, {share[-1]:.2%} after {end:,} trials; 99% of it was reached after {at:,} of them."
    )
    words += BESIDE if random else ""
    same = "The same over the time of all trainings, added up over workers"
    same += ", as if those of random search took as long." if random else "."
    drawn = figure("by-trials", words, "small") + figure("by-seconds", same, "small")
    figures = {
        "by-trials": _drawn(progress, random, "trials"),
        "by-seconds": _drawn(progress, random, "seconds"),
    }
    return Section(title="Progress", body=f"<div class='pair'>{drawn}</div>", figures=figures)


def _drawn(progress: Progress, random: Progress | None, over: str) -> Any:
    layout = {
        "xaxis": {"title": TITLES[over]},
        "yaxis": {"title": "hypervolume", "tickformat": "~%"},
        "legend": {"x": 1, "y": 0.02, "xanchor": "right", "yanchor": "bottom"},
    }
    drawn = go.Figure(layout=layout)
    for name, grown, hue, line in (
        (SEARCH, progress, "hand", {"shape": "hv"}),
        (RANDOM, random, "muted", {"dash": "dash"}),
    ):
        if grown:
            x, y = getattr(grown, over), grown.hypervolume
            drawn.add_scatter(x=x, y=y, mode="lines", line=line, meta=hue, name=name, showlegend=random is not None)
    return plain(drawn)

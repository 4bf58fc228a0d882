"""Two figures of how the front grew."""

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from results.page.html import Section, figure, plain
from results.progress import TITLES, progress_of
from results.run_config import RunConfig


def progress_section(trials: pd.DataFrame, config: RunConfig) -> Section:
    """Two figures; empty where fewer than two trials are complete."""
    progress = progress_of(trials, config)
    if len(progress.trials) < 2:
        return Section(title="Progress", body="")
    share, end = progress.hypervolume, progress.trials[-1]
    at = next(count for count, value in zip(progress.trials, share) if value >= 0.99 * share[-1])
    words = (
        f"Hypervolume of the front, {share[-1]:.2%} after {end:,} trials; 99% of it was reached after {at:,} of them."
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
    drawn = go.Figure(layout={"xaxis": {"title": title}, "yaxis": {"title": "hypervolume", "tickformat": "~%"}})
    drawn.add_scatter(x=x, y=share, mode="lines", line={"shape": "hv"}, meta="hand", showlegend=False)
    return plain(drawn)

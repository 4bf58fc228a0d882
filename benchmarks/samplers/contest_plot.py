"""The plot of a contest: scores against trials and, where a training can be stopped, against epochs."""

import numpy as np
from matplotlib.figure import Figure

from benchmarks.samplers.comparison import Curves
from benchmarks.samplers.contestants import FRONT
from benchmarks.samplers.scoring import SCORES
from results.figures.style import legend_above, new_figure, paper_style
from results.looks import HUES

POINTS = 120
WIDTH, PANEL = 7.0, 2.1
"""Inches: of two columns of a paper, and the height of a row of panels."""


def contest_figure(curves: dict[tuple[str, str], Curves], *, first: float) -> Figure:
    """Median and quartiles over seeds.

    Args:
        curves: by score (a row of panels) and axis (a column of panels).
        first: where the plot begins, as a share of the longest search.
    """
    axes_of = list(dict.fromkeys(axis for _, axis in curves))
    with paper_style():
        figure = new_figure(PANEL * len(SCORES), width=WIDTH)
        panels = figure.subplots(len(SCORES), len(axes_of), sharex="col", sharey="row", squeeze=False)
        for axes, ((score, axis), samplers) in zip(panels.flat, curves.items()):
            for number, (name, curve) in enumerate(samplers.items()):
                length = curve.shape[1]
                at = np.linspace(length * first, length, POINTS).astype(int)
                low, middle, high = np.percentile(curve[:, at - 1], (25, 50, 75), axis=0)
                color, dash = HUES[number % len(HUES)], "-" if number < len(HUES) else "--"
                axes.fill_between(at, low, high, color=color, alpha=0.12, linewidth=0)
                axes.plot(at, middle, dash, color=color, linewidth=2 if name == FRONT else 1, label=name)
            axes.set(xlabel=axis, ylabel=score)
            axes.label_outer()
        legend_above(figure, panels[0, 0], columns=4)
    return figure

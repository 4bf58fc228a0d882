"""The plot of searched against hand-designed networks: test accuracy against OPs."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from benchmarks.retrained.full_training import Array, deviation
from results.figures.style import cost_axis, legend_above, new_figure, paper_style, share_axis
from results.looks import HUES
from space.objective import OBJECTIVES

HEIGHT = 2.6
MARKS = "oDXs"


def lead_figure(groups: Mapping[str, pd.Series], keys: list[str], accuracies: Array) -> Figure:
    """The mean of each network over seeds, with the standard deviation as its bar.

    Args:
        groups: by name, the OPs of networks by their key.
        keys: of the n networks that were trained.
        accuracies: theirs on the test images, (seeds, n).
    """
    mean, std = accuracies.mean(0), deviation(accuracies)
    with paper_style():
        figure = new_figure(HEIGHT)
        axes = figure.add_subplot()
        for (name, ops), color, mark in zip(groups.items(), HUES, MARKS):
            rows = [keys.index(key) for key in ops.index]
            axes.errorbar(ops, mean[rows], yerr=std[rows], fmt=mark, color=color, elinewidth=0.7, label=name)
        cost_axis(axes, OBJECTIVES["ops"], [cost for ops in groups.values() for cost in ops])
        share_axis(axes, "accuracy on test images")
        legend_above(figure, axes)
    return figure

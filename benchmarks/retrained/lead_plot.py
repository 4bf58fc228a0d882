"""The plot of searched against hand-designed networks: test accuracy against OPs."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.colors import qualitative

from benchmarks.retrained.full_training import Array, deviation

SYMBOLS = ("circle", "diamond", "x", "square")


def lead_figure(groups: Mapping[str, pd.Series], keys: list[str], accuracies: Array, *, title: str) -> go.Figure:
    """The mean of each network over seeds, with the standard deviation as its bar.

    Args:
        groups: by name, the OPs of networks by their key.
        keys: of the n networks that were trained.
        accuracies: theirs on the test images, (seeds, n).
        title: above the plot.
    """
    mean, std = accuracies.mean(0), deviation(accuracies)
    figure = go.Figure()
    for (name, ops), color, symbol in zip(groups.items(), qualitative.D3, SYMBOLS):
        ops = ops.sort_values()
        rows = [keys.index(key) for key in ops.index]
        figure.add_scatter(
            x=ops.to_numpy(),
            y=np.round(mean[rows], 4),
            error_y={"array": np.round(std[rows], 4), "thickness": 1, "width": 3},
            name=name,
            mode="markers",
            marker={"color": color, "symbol": symbol, "size": 9},
        )
    figure.update_xaxes(title="OPs (FLOPs + BOPs / 64)", tickformat="~s")
    figure.update_yaxes(title="accuracy on test images", tickformat=".0%")
    return figure.update_layout(title=title, template="plotly_white", width=900, height=480, legend={"x": 0.01, "y": 1})

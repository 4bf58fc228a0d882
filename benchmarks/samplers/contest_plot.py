"""The plot of a contest: scores against trials and against epochs."""

import numpy as np
import plotly.graph_objects as go
from plotly.colors import qualitative
from plotly.subplots import make_subplots

from benchmarks.samplers.comparison import Curves
from benchmarks.samplers.contestants import FRONT
from benchmarks.samplers.scoring import SCORES

POINTS = 120


def contest_figure(curves: dict[tuple[str, str], Curves], *, first: float, title: str) -> go.Figure:
    """Median and quartiles over seeds.

    Args:
        curves: by score (a row of panels) and axis (a column of panels).
        first: where the plot begins, as a share of the longest search.
        title: above the panels.
    """
    figure = make_subplots(len(SCORES), 2, shared_yaxes="rows", horizontal_spacing=0.03, vertical_spacing=0.1)
    for panel, ((score, axis), samplers) in enumerate(curves.items()):
        row, column = panel // 2 + 1, panel % 2 + 1
        for (name, curve), color in zip(samplers.items(), qualitative.D3):
            length = curve.shape[1]
            at = np.linspace(length * first, length, POINTS).astype(int)
            low, middle, high = np.percentile(curve[:, at - 1], (25, 50, 75), axis=0).round(4)
            reached = ~np.isnan(middle)
            at, low, middle, high = at[reached], low[reached], middle[reached], high[reached]
            common = {"legendgroup": name, "mode": "lines"}
            band = {"x": [*at, *at[::-1]], "y": [*high, *low[::-1]], "fill": "toself", "fillcolor": color}
            figure.add_scatter(**band, **common, line_width=0, opacity=0.12, showlegend=False, row=row, col=column)
            width = 3 if name == FRONT else 1.5
            figure.add_scatter(
                x=at, y=middle, name=name, line={"color": color, "width": width}, showlegend=panel == 0, **common,
                row=row, col=column,
            )  # fmt: skip
        figure.update_xaxes(title=axis, row=row, col=column)
        if column == 1:
            figure.update_yaxes(title=score, row=row, col=column)
    return figure.update_layout(title=title, template="plotly_white", width=1200, height=480 * len(SCORES))

"""The Pareto plot, drawn."""

from itertools import cycle

import plotly.graph_objects as go

from results.looks import COLOURS, HOVER, STYLES
from results.points import ParetoInfo


def pareto_figure(info: ParetoInfo) -> go.Figure:
    """Accuracy over cost, the front as a step line."""
    figure = go.Figure()
    networks = info.dominated, info.front, info.baselines, info.best, info.published, info.retrained
    for role, points in zip(STYLES, networks, strict=True):
        if role in ("published", "retrained") and not points.cost:
            continue
        style = {
            part: {**look, "color": COLOURS[role]} for part, look in STYLES[role].items() if isinstance(look, dict)
        }
        figure.add_scatter(
            x=points.cost,
            y=points.accuracy,
            text=points.texts,
            hovertemplate=HOVER,
            meta=role,
            **{**STYLES[role], **style},
        )
    if info.front.errors:
        bars = {"array": info.front.errors, "thickness": 1, "width": 3}
        figure.update_traces(error_y=bars, selector={"meta": "front"})
    shown = (info.front, info.dominated, info.baselines, info.published, info.retrained)
    heights = [accuracy for points in shown for accuracy in points.accuracy]
    for dash, (name, cost) in zip(cycle(("dash", "dot")), info.peers.items()):
        text, line = f"{name}: {info.objective.show(cost)}", {"dash": dash, "color": "#555"}
        ends = {"x": (cost, cost), "y": (min(heights), max(heights)), "text": (text, text)}
        figure.add_scatter(**ends, name=text, hovertemplate=HOVER, mode="lines", line=line)
    figure.update_layout(
        template="plotly_white",
        hoverlabel={"align": "left"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        xaxis={"title": info.objective.title, "type": "log"},
        yaxis={"title": info.height_title, "tickformat": "~%"},
    )
    return figure

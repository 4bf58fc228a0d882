"""What networks reached on the full schedule, beside the accuracy that the search gave them."""

from collections.abc import Sequence
from itertools import cycle
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from results.curves import Curve
from results.page.front import shares
from results.page.html import HUES, Column, Section, figure, paragraph, plain, table
from results.retrained import FEWEST, Retrained, agreement
from results.run_config import RunConfig

CAPTIONS = {
    "agreement": "Accuracy in the search against that on test images; on the dotted line both are equal.",
    "curves": "Validation accuracy after each epoch of the full schedule, a line a network.",
}


def retrained_section(retrained: Retrained, config: RunConfig, curves: Sequence[Curve] = ()) -> Section:
    """Empty where nothing was retrained."""
    rows = retrained.rows
    figures = {}
    if len(rows) >= FEWEST:
        figures["agreement"] = agreement_figure(rows)
    if curves:
        figures["curves"] = curves_figure(curves)
    drawn = "".join(figure(name, CAPTIONS[name], "small") for name in figures)
    body = f"<div class='pair'>{drawn}</div>" if drawn else ""
    if len(rows):
        cost, keys, epochs = rows["cost"].tolist(), rows["key"].tolist(), rows["epochs"].tolist()
        body += table(
            Column(title="key", texts=keys),
            shares(f"searched ({config.evaluator}, validation)", rows["searched"].tolist()),
            shares("retrained (validation)", rows["validation"].tolist()),
            Column(title="retrained (test)", texts=[*retrained.tested], values=rows["test"].tolist()),
            Column(title=config.cost.heading, texts=[*map(config.cost.show, cost)], values=cost),
            Column(title="epochs", texts=[*map(str, epochs)], values=epochs),
            Column(title="architecture", texts=rows["architecture"].tolist()),
            caption="Networks after a training on the full schedule",
            keys=keys,
        )
    left_out = f"Not shown: {'; '.join(retrained.left_out)}." if retrained.left_out else ""
    return Section(title="Retrained", body=body + paragraph(agreement(rows)) + paragraph(left_out), figures=figures)


def agreement_figure(rows: pd.DataFrame) -> Any:
    """Each network at its accuracy in the search and on the test images."""
    searched, test = rows["searched"].tolist(), rows["test"].tolist()
    ends = [min(searched + test), max(searched + test)]
    axes = {"xaxis": {"title": "in the search", "tickformat": "~%"}, "yaxis": {"title": "retrained, test images"}}
    drawn = go.Figure(layout={**axes, "yaxis_tickformat": "~%", "showlegend": False})
    drawn.add_scatter(x=ends, y=ends, mode="lines", line={"dash": "dot"}, meta="searched", hoverinfo="skip")
    drawn.add_scatter(
        x=searched, y=test, mode="markers", marker={"size": 9}, meta="retrained", text=rows["key"].tolist()
    )
    return plain(drawn)


def curves_figure(curves: Sequence[Curve]) -> Any:
    """Validation accuracy over epochs, a line a network."""
    drawn = go.Figure(layout={"xaxis": {"title": "epoch"}, "yaxis": {"title": "validation accuracy"}})
    drawn.update_layout(yaxis_tickformat="~%", showlegend=False)
    for hue, curve in zip(cycle(HUES), curves):
        drawn.add_scatter(x=curve.epochs, y=curve.accuracy, mode="lines", name=curve.key, meta=hue)
    return plain(drawn)

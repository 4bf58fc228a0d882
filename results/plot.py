"""The Pareto plot: one function computes what it shows, another draws it."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import cycle
from math import isnan
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from results.entry import architecture_of
from results.measures import ACCURACY, Measure
from results.noise import CONFIDENT, Noise
from results.run_config import RunConfig
from results.tables import deciding_accuracy, deciding_error, front_of, is_smoothed
from results.words import counted
from space.objective import Objective

PUBLISHED = "published (test images)"
MILLION = 1e6
COLOURS = {
    "searched": "#9aa1a9",
    "front": "#d55e00",
    "hand": "#0072b2",
    "best": "#e69f00",
    "published": "#009e73",
    "retrained": "#cc79a7",
}
"""Of each kind of network, told apart by the colour-blind too (Okabe and Ito, 2008)."""
HUES = (*(COLOURS[kind] for kind in ("hand", "front", "published", "retrained", "best")), "#56b4e9", "#555555")
"""Of things that are many of a kind."""
HOVER = "%{text}<extra></extra>"
_LOOKS: dict[str, tuple[str, dict[str, Any]]] = {
    "searched": ("searched", {"size": 6}),
    "front": ("front", {"size": 8}),
    "hand": ("hand-designed", {"size": 9, "symbol": "diamond-open"}),
    "best": ("recommended", {"size": 16, "symbol": "star", "line": {"color": "#555", "width": 1}}),
    "published": (PUBLISHED, {"size": 8, "symbol": "x-thin-open"}),
    "retrained": ("retrained (test images)", {"size": 11, "symbol": "triangle-up"}),
}
STYLES: dict[str, dict[str, Any]] = {
    role: {"name": name, "mode": "markers", "marker": marker} for role, (name, marker) in _LOOKS.items()
}
STYLES["front"] |= {"mode": "lines+markers", "line": {"shape": "hv"}}
"""How Plotly draws each kind of network, in this order, but for the colour; here and on the page."""


@dataclass(frozen=True, kw_only=True)
class Points:
    """Networks of one kind, by rising cost.

    Args:
        cost, accuracy: of each, accuracy in 0..1.
        texts: name and cost of each, for people.
        errors: half of the interval that holds 95 % of the accuracy of each; empty where it is not known.
    """

    cost: tuple[float, ...] = ()
    accuracy: tuple[float, ...] = ()
    texts: tuple[str, ...] = ()
    errors: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ParetoInfo:
    """What the plot shows. Validation accuracies are those that decide: expected ones where there are any.

    Args:
        objective, measure: the cost of the networks, and what their accuracies are.
        is_expected: whether all validation accuracies are expected ones.
        budget: the limit of the cost; None where there was none.
        front: the networks of the front.
        dominated: sampled networks that are not on the front.
        baselines: hand-designed networks, on the front or not.
        best: the network of best.json.
        published: what papers report on the same data set, on test images.
        retrained: networks of the run after `search.retrain`, on test images.
        peers: the cost of other networks whose accuracy is not known here, by their name.
    """

    objective: Objective
    measure: Measure = ACCURACY
    is_expected: bool = False
    budget: float | None = None
    front: Points
    dominated: Points
    baselines: Points
    best: Points
    published: Points
    retrained: Points
    peers: Mapping[str, float]

    @property
    def height_title(self) -> str:
        """What the heights of networks are that were not retrained."""
        return f"{'expected ' if self.is_expected else ''}validation {self.measure.title}"


def pareto_info(
    trials: pd.DataFrame,
    *,
    config: RunConfig,
    best_key: str,
    noise: Noise | None = None,
    published: pd.DataFrame | None = None,
    retrained: pd.DataFrame | None = None,
) -> ParetoInfo:
    """Sort complete trials into what the plot shows.

    Args:
        trials: one row a trial, `results.tables.COLUMNS` and the genes.
        config: the run's settings.
        best_key: of best.json.
        noise: between two trainings of one network, if it was measured.
        published: rows of `results.published.read_published` to overlay.
        retrained: rows of `results.retrained.Retrained` to overlay.
    """
    objective, measure = config.cost, config.measure
    complete = trials.loc[trials["state"] == "complete"].sort_values(by=[objective.name, "number"])
    is_front = complete.index.isin(front_of(complete, objective, measure).index)
    is_baseline = (complete["source"] == "baseline").to_numpy(bool)
    is_best = (complete["key"] == best_key).to_numpy(bool)
    accuracy, errors = deciding_accuracy(complete, measure), CONFIDENT * deciding_error(complete, noise)

    def points(chosen: NDArray[np.bool_]) -> Points:
        rows = complete.loc[chosen]
        return Points(
            cost=tuple(rows[objective.name].tolist()),
            accuracy=tuple(accuracy[chosen].tolist()),
            texts=tuple(hover_text(row, config) for row in rows.to_dict("records")),
            errors=() if np.isnan(errors).any() else tuple(errors[chosen].tolist()),
        )

    return ParetoInfo(
        objective=objective,
        measure=measure,
        is_expected=is_smoothed(complete, measure),
        budget=config.limit,
        front=points(is_front),
        dominated=points(~is_front & ~is_baseline),
        baselines=points(is_baseline),
        best=points(is_best),
        published=published_points(published, objective),
        retrained=retrained_points(retrained, objective),
        peers=config.latency_peers if objective.name == "latency" else {},
    )


def published_points(published: pd.DataFrame | None, objective: Objective) -> Points:
    """The rows that print both an accuracy and, in millions, the objective."""
    column = f"{objective.name}_m"
    if published is None or column not in published:
        return Points()
    printed = published.loc[(published[column] != "") & (published["top1"] != "")]
    rows = sorted(printed.to_dict("records"), key=lambda row: float(row[column]))
    return Points(
        cost=tuple(float(row[column]) * MILLION for row in rows),
        accuracy=tuple(float(row["top1"]) / 100 for row in rows),
        texts=tuple(
            f"<b>{row['top1']} %</b> at {row[column]} M {objective.unit}<br>{row['name']}<br>{row['source']}"
            for row in rows
        ),
    )


def retrained_points(retrained: pd.DataFrame | None, objective: Objective) -> Points:
    """Each at its accuracy on the test images."""
    if retrained is None:
        return Points()
    return Points(
        cost=tuple(retrained["cost"]),
        accuracy=tuple(retrained["test"]),
        texts=tuple(
            "<br>".join(
                [
                    f"<b>{row['test']:.2%}</b> on test images at {objective.show(row['cost'])}",
                    *short_lines(row["architecture"]),
                    f"retrained, {counted(row['epochs'], 'epoch')}; {row['searched']:.2%} in the search",
                    row["key"],
                ]
            )
            for row in retrained.to_dict("records")
        ),
    )


def short_lines(architecture: str) -> list[str]:
    """The description of an architecture, a few words a line."""
    words = architecture.split(" ")
    return [" ".join(words[i : i + 5]) for i in range(0, len(words), 5)]


def hover_text(row: Mapping[Any, Any], config: RunConfig) -> str:
    """Accuracy, cost and architecture of one trial, a row of ``trials.csv``."""
    objective, measure, expected = config.cost, config.measure, row.get("expected")
    return "<br>".join(
        [
            f"<b>{row[measure.column]:.2%}</b>{'' if measure is ACCURACY else f' {measure.title}'} at "
            f"{objective.show(row[objective.name])}",
            *([] if expected is None or isnan(expected) else [f"expected: {expected:.2%}"]),
            *short_lines(architecture_of(row, config).describe()),
            f"{row['flops']:,} FLOPs + {row['bops']:,} BOPs ({row['padded_bops']:,} padded)",
            f"{row['params']:,} parameters in {row['bytes']:,} bytes",
            f"trial {row['number']}, {row['source']}, {row['key']}",
        ]
    )


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

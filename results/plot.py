"""The Pareto plot: one function computes what it shows, another draws it."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from results.tables import front_of, genes_in, judged
from space.family import find_family

PUBLISHED = "published (test images)"


@dataclass(frozen=True, kw_only=True)
class Points:
    """Networks of one kind, by rising OPs.

    Args:
        ops, accuracy: of each, accuracy in 0..1.
        texts: name and cost of each, for people.
    """

    ops: tuple[float, ...]
    accuracy: tuple[float, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ParetoInfo:
    """What the plot shows.

    Args:
        front: the front, at the accuracies expected of it where they are known.
        dominated: sampled networks that are not on the front, at the accuracies measured.
        baselines: hand-designed networks, on the front or not, likewise.
        best: the network of best.json, as on the front.
        published: what papers report on the same data set, on test images.
        retrained: networks of the run after `search.retrain`, on test images.
    """

    front: Points
    dominated: Points
    baselines: Points
    best: Points
    published: Points
    retrained: Points


def pareto_info(
    trials: pd.DataFrame,
    *,
    family: str,
    best_key: str,
    published: pd.DataFrame | None = None,
    retrained: pd.DataFrame | None = None,
) -> ParetoInfo:
    """Sort complete trials into what the plot shows.

    Args:
        trials: one row a trial, `results.tables.COLUMNS` and the genes.
        family: whose architectures they are.
        best_key: of best.json.
        published: rows of `results.published.read_published` to overlay.
        retrained: rows of `results.retrained.Retrained` to overlay.
    """
    complete = trials[trials["state"] == "complete"].sort_values(["ops", "number"])
    is_front = complete.index.isin(front_of(complete).index)
    is_baseline = complete["source"] == "baseline"

    def points(rows: pd.DataFrame, accuracy: pd.Series = complete["accuracy"]) -> Points:
        return Points(
            ops=tuple(rows["ops"]),
            accuracy=tuple(accuracy[rows.index]),
            texts=tuple(hover_text(row, family) for _, row in rows.iterrows()),
        )

    return ParetoInfo(
        front=points(complete[is_front], judged(complete)),
        dominated=points(complete[~is_front & ~is_baseline]),
        baselines=points(complete[is_baseline]),
        best=points(complete[complete["key"] == best_key], judged(complete)),
        published=published_points(published),
        retrained=retrained_points(retrained),
    )


def published_points(published: pd.DataFrame | None) -> Points:
    """The rows that print both OPs and an accuracy."""
    if published is None:
        return Points(ops=(), accuracy=(), texts=())
    rows = published[(published["ops_m"] != "") & (published["top1"] != "")].sort_values("ops_m", key=pd.to_numeric)
    return Points(
        ops=tuple(rows["ops_m"].astype(float) * 1e6),
        accuracy=tuple(rows["top1"].astype(float) / 100),
        texts=tuple(
            f"<b>{row.top1} %</b> at {row.ops_m} M OPs<br>{row.name}<br>{row.source}"
            for row in rows.itertuples(index=False)
        ),
    )


def retrained_points(retrained: pd.DataFrame | None) -> Points:
    """Each at its accuracy on the test images."""
    if retrained is None:
        return Points(ops=(), accuracy=(), texts=())
    return Points(
        ops=tuple(retrained["ops"]),
        accuracy=tuple(retrained["test"]),
        texts=tuple(
            "<br>".join(
                [
                    f"<b>{row.test:.2%}</b> on test images at {row.ops:,.0f} OPs",
                    *short_lines(row.architecture),
                    f"retrained, {row.epochs:,} epochs; {row.searched:.2%} in the search",
                    row.key,
                ]
            )
            for row in retrained.itertuples(index=False)
        ),
    )


def short_lines(architecture: str) -> list[str]:
    """The description of an architecture, a few words a line."""
    words = architecture.split(" ")
    return [" ".join(words[i : i + 5]) for i in range(0, len(words), 5)]


def hover_text(row: pd.Series, family: str) -> str:
    """Accuracy, cost and architecture of one trial."""
    return "<br>".join(
        [
            f"<b>{row['accuracy']:.2%}</b> at {row['ops']:,.0f} OPs",
            *([f"expected: {row['expected']:.2%}"] if pd.notna(row.get("expected")) else []),
            *short_lines(find_family(family).describe(genes_in(row))),
            f"{row['flops']:,} FLOPs + {row['bops']:,} BOPs ({row['padded_bops']:,} padded)",
            f"{row['params']:,} parameters in {row['bytes']:,} bytes",
            f"trial {row['number']}, {row['source']}, {row['key']}",
        ]
    )


def pareto_figure(info: ParetoInfo) -> go.Figure:
    """Accuracy against OPs, the front as a step line."""
    figure = go.Figure()

    def add(points: Points, name: str, **style: Any) -> None:
        figure.add_scatter(
            x=points.ops,
            y=points.accuracy,
            name=name,
            text=points.texts,
            hovertemplate="%{text}<extra></extra>",
            **style,
        )

    add(info.dominated, "searched", mode="markers", marker={"color": "#b8b8b8", "size": 6})
    add(info.front, "front", mode="lines+markers", line={"shape": "hv", "color": "#c0392b"}, marker={"size": 8})
    add(
        info.baselines,
        "hand-designed",
        mode="markers",
        marker={"symbol": "diamond-open", "size": 9, "color": "#1f5fa8"},
    )
    add(info.best, "best.json", mode="markers", marker={"symbol": "star", "size": 16, "color": "#e6a400"})
    if info.published.ops:
        marker = {"symbol": "x-thin-open", "size": 8, "color": "#2e7d32"}
        add(info.published, PUBLISHED, mode="markers", marker=marker)
    if info.retrained.ops:
        marker = {"symbol": "triangle-up", "size": 11, "color": "#7d3c98"}
        add(info.retrained, "retrained (test images)", mode="markers", marker=marker)
    figure.update_layout(
        template="plotly_white",
        hoverlabel={"align": "left"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        xaxis={"title": "OPs = FLOPs + BOPs / 64", "type": "log"},
        yaxis={"title": "validation accuracy", "tickformat": ".0%"},
    )
    return figure

"""A comparison as one self-contained page."""

from html import escape
from typing import Any

import plotly.graph_objects as go

from results.compare.comparison import Comparison
from results.compare.text import shown_rows, words_of
from results.page import document, scripts_of
from results.page.html import HUES, Column, Section, figure, paragraph, plain, table
from results.progress import TITLES

FRONTS = "The front of each search; a click on a name hides or shows its lines."
HOVER = "%{{fullData.name}}<br>%{{fullData.text}}<br>{}<extra></extra>"
PROGRESS = "Hypervolume after each complete trial, against the one reference point."


def comparison_page(comparison: Comparison) -> str:
    """The page: words, a table with a row a search, and two figures."""
    rows = shown_rows(comparison)
    title = comparison.title
    columns = (Column(title=str(name), texts=rows[name].tolist()) for name in rows)
    body = [
        f"<header><h1>{escape(title)}</h1></header>",
        *map(paragraph, words_of(comparison)),
        table(*columns, caption="The searches, a row each"),
        Section(title="Fronts", body=figure("fronts", FRONTS)).html(),
        Section(title="Progress", body=figure("progress", PROGRESS)).html(),
        scripts_of({"figures": figures_of(comparison)}, "compare.js"),
    ]
    return document(title, "".join(body))


def figures_of(comparison: Comparison) -> dict[str, Any]:
    """What Plotly draws: a line a search, those of several seeds in one colour, unless all are of one search."""
    config = comparison.config
    fronts = go.Figure(layout={"xaxis": {"title": config.cost.title, "type": "log"}})
    fronts.update_layout(yaxis={"title": comparison.accuracy_title, "tickformat": "~%"})
    progress = go.Figure(layout={"xaxis": {"title": TITLES["trials"]}, "showlegend": False})
    progress.update_layout(yaxis={"title": "hypervolume"})
    for number, (name, searches) in enumerate(comparison.drawn.items()):
        line = {"dash": ("solid", "dash", "dot")[number // len(HUES) % 3], "shape": "hv"}
        for place, one in enumerate(searches):
            look = {"name": escape(name), "legendgroup": name, "line": line, "text": escape(one.run)}
            look["meta"] = HUES[number % len(HUES)]
            fronts.add_scatter(
                x=one.cost, y=one.accuracy, mode="lines+markers", marker={"size": 5}, showlegend=not place, **look
            )
            progress.add_scatter(x=one.progress.trials, y=one.progress.hypervolume, mode="lines", **look)
    fronts.update_traces(hovertemplate=HOVER.format("%{x}, %{y:.2%}"))
    progress.update_traces(hovertemplate=HOVER.format("%{x} trials, %{y:.4f}"))
    return {"fronts": plain(fronts), "progress": plain(progress)}

"""The parts of a page: tables, figures, and data that no text can break out of."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import plotly.graph_objects as go

LONG = 30
"""Letters of a text that may take several lines in a table."""
FOLDED = 100
"""Letters of a text that are shown where the rest is folded."""
HUES = "hand", "front", "published", "retrained", "sixth", "best", "muted"
"""Colours of report.css for things that are many of a kind."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table.

    Args:
        title: its heading.
        texts: one a row, shown as they are.
        values: what the rows are sorted by; None for a column of words.
        is_folded: whether only the beginning of a long text is shown, until a click.
    """

    title: str
    texts: Sequence[str]
    values: Sequence[float] | None = None
    is_folded: bool = False


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the page under a heading.

    Args:
        title: the heading; the section is left out where `body` is empty.
        body: HTML.
        figures: what Plotly draws in the section, by the name that its `figure` has.
    """

    title: str
    body: str
    figures: dict[str, Any] = field(default_factory=dict)

    def html(self) -> str:
        name = f"section-{self.title.lower().replace(' ', '-')}"  # a figure may have the title for its name
        return f"<section id='{escape(name)}'><h2>{escape(self.title)}</h2>{self.body}</section>" if self.body else ""


def shown(text: str) -> str:
    """A text as HTML; a hyphen before a number, which a terminal shows for a minus, becomes one."""
    return re.sub(r"(?<!\S)-(?=[\d.])", "−", escape(text))


def paragraph(text: str, kind: str = "") -> str:
    """A text; empty where there is none."""
    name = f" class='{kind}'" if kind else ""
    return f"<p{name}>{shown(text)}</p>" if text else ""


def table(*columns: Column, caption: str, keys: Sequence[str] = ()) -> str:
    """A table that can be sorted, and folds into cards on a narrow screen.

    Args:
        columns: all with as many texts.
        caption: what it shows, for screen readers.
        keys: of the network in each row, which a click shows; none where it is empty.
    """
    heads = "".join(f"<th scope='col'>{escape(column.title)}</th>" for column in columns)
    rows = []
    for row in range(len(columns[0].texts)):
        key = f" data-key='{escape(keys[row])}'" if keys else ""
        rows.append(f"<tr{key}>{''.join(_cell(column, row) for column in columns)}</tr>")
    hidden = f"<caption class='hidden'>{escape(caption)}</caption>"
    body = f"<thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody>"
    return f"<div class='scroll'><table class='sortable'>{hidden}{body}</table></div>"


def _cell(column: Column, row: int) -> str:
    text = column.texts[row]
    kind = " class='long'" if len(text) > LONG else ""
    if column.values is not None:
        kind = f" class='number' data-value='{column.values[row]:.9g}'"
    content = _folded(text) if column.is_folded and len(text) > FOLDED else shown(text)
    return f"<td data-label='{escape(column.title)}'{kind}>{content}</td>"


def _folded(text: str) -> str:
    return f"<details><summary>{escape(text[:FOLDED])}</summary>{escape(text[FOLDED:])}</details>"


def figure(name: str, text: str, size: str = "") -> str:
    """The place of a figure, and what it shows in words; `size` is ``small`` for half of a row."""
    place = f"<div class='plot {size}' id='{name}' role='img' aria-label='figure, described below'></div>"
    return f"<figure>{place}<figcaption>{escape(text)}</figcaption></figure>"


def at_most(name: str) -> str:
    """A field for a limit of the cost, which all such fields of the page share."""
    field = f"<input class='most' id='{name}' size='8' autocomplete='off' autocapitalize='off' spellcheck='false'>"
    return f"<label>at most {field} <span></span></label>"


def script_data(content: Any) -> str:
    """JSON in a script tag. No text in it can end the tag."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return f"<script type='application/json' id='record'>{text}</script>"


def plain(drawn: go.Figure) -> Any:
    """A figure as JSON holds it, without a template: the page has its own colours."""
    drawn.update_layout(template=None)
    return drawn.to_plotly_json()

"""A table of what each layer takes along the front."""

from collections.abc import Sequence
from html import escape

from results.choices import Row, rows_of
from results.entry import Entry
from results.front import accuracy_title, are_smoothed
from results.page.html import Section, paragraph
from results.run_config import RunConfig
from results.words import tick
from space.families.mobinet import BLOCKS
from space.gene import Choice

WORDS = (
    "Each column is a network of the front, from cheap to expensive; each row is a gene that differs among them. "
    "★ is the recommended network, a frame is around the one that is shown above. The same colour is the same choice, "
    "in all rows of a kind:"
)


LIGHTEST, DARKEST, OF_WORDS = 0.08, 0.5, 0.45
"""Shares of its hue in the colour of a cell: of the lowest and the highest number, and of a word."""


def choices_section(entries: Sequence[Entry], config: RunConfig, best: str) -> Section:
    """A table with a colour for each choice; empty where all networks are alike.

    Args:
        entries: of the front, by rising cost.
        config: the run's settings.
        best: the key of the recommended network.
    """
    rows = rows_of(entries)
    decides = accuracy_title(entries)
    title = f"Along the front{f' by {decides}' if are_smoothed(entries) else ''}"
    if not rows:
        return Section(title=title, body="")
    corner = f"{escape(config.cost.heading)}<br>{escape(decides)}"
    heads = "".join(_head(entry, config, is_best=entry.key == best) for entry in entries)
    lines = "".join(
        f"<tr><th scope='row'>{escape(row.gene)}</th>{''.join(_cell(row, choice) for choice in row.taken)}</tr>"
        for row in rows
    )
    caption = "<caption class='hidden'>What the networks of the front take</caption>"
    head = f"<thead><tr><th scope='col'>{corner}</th>{heads}</tr></thead>"
    style = f"class='heat' style='--columns:{len(entries)}'"
    table = f"<div class='scroll'><table {style}>{caption}{head}<tbody>{lines}</tbody></table></div>"
    return Section(title=title, body=f"{paragraph(WORDS, 'note')}{_scales(rows)}{table}")


def _head(entry: Entry, config: RunConfig, *, is_best: bool) -> str:
    """A column by what a reader looks for: the cost and the accuracy that decides."""
    cost = config.cost.show(entry.costs[config.objective])
    words = f"{'recommended, ' if is_best else ''}{cost}, {entry.deciding:.2%}, {entry.key}"
    text = f"{'★<br>' if is_best else ''}{escape(tick(entry.costs[config.objective], config.cost))}"
    return (
        f"<th scope='col'><button type='button' class='key' data-key='{escape(entry.key)}' "
        f"title='{escape(words)}' aria-label='{escape(words)}'>{text}<br>{entry.deciding:.1%}</button></th>"
    )


def _scales(rows: Sequence[Row]) -> str:
    """Each kind of gene with its choices, in their colours."""
    kinds = {row.kind: row for row in rows}
    lines = "".join(
        f"<tr><th scope='row'>{escape(kind)}</th>{''.join(_cell(row, choice) for choice in row.choices)}</tr>"
        for kind, row in kinds.items()
    )
    caption = "<caption class='hidden'>The colours of the choices, by kind of gene</caption>"
    return f"<div class='scroll'><table class='heat scale'>{caption}<tbody>{lines}</tbody></table></div>"


def _cell(row: Row, choice: Choice | None) -> str:
    """Words in the colour of the choice, blocks in that of the drawing, numbers the darker the higher."""
    if choice is None:
        return "<td>–</td>"
    place = row.choices.index(choice)
    if isinstance(choice, int):
        depth = LIGHTEST + (DARKEST - LIGHTEST) * place / max(1, len(row.choices) - 1)
        return f"<td style='--depth:{depth:.0%}'>{choice}</td>"
    hue = choice if choice in BLOCKS else f"choice{place % 4}"
    return f"<td style='--depth:{OF_WORDS:.0%};--hue:var(--{hue})'>{escape(choice)}</td>"

"""A table of what each layer takes along the front."""

from collections.abc import Sequence
from html import escape

from results.choices import BLOCKS, Row, rows_of
from results.entry import Entry
from results.page.html import Section, paragraph
from space.gene import Choice

WORDS = "Each column is a network of the front, from cheap to expensive; each row is a gene that differs among them."


def choices_section(entries: Sequence[Entry]) -> Section:
    """A table with a colour for each choice; empty where all networks are alike."""
    rows = rows_of(entries)
    if not rows:
        return Section(title="Along the front", body="")
    heads = "".join(
        f"<th scope='col'><button type='button' class='key'>{escape(entry.key)}</button></th>" for entry in entries
    )
    lines = "".join(
        f"<tr><th scope='row'>{escape(row.gene)}</th>{''.join(_cell(row, choice) for choice in row.taken)}</tr>"
        for row in rows
    )
    table = (
        f"<div class='scroll'><table class='heat'><caption class='hidden'>{WORDS}</caption>"
        f"<thead><tr><th scope='col'>gene</th>{heads}</tr></thead><tbody>{lines}</tbody></table></div>"
    )
    return Section(title="Along the front", body=paragraph(WORDS, "note") + table)


def _cell(row: Row, choice: Choice | None) -> str:
    """Words in the colour of the choice, numbers the darker the higher."""
    if choice is None:
        return "<td>–</td>"
    place = row.choices.index(choice)
    if isinstance(choice, int):
        depth = 0.1 + 0.4 * place / max(1, len(row.choices) - 1)
        return f"<td style='--depth:{depth:.0%}'>{choice}</td>"
    hue = choice if choice in BLOCKS else f"choice{place % 4}"
    return f"<td style='--depth:45%;--hue:var(--{hue})'>{escape(choice)}</td>"

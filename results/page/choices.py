"""What each layer takes along the front, from cheap to expensive."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from results.entry import Entry
from results.page.html import Section, paragraph
from space.family import genes_of
from space.gene import Choice, Gene

WORDS = "Each column is a network of the front, from cheap to expensive; each row is a gene that differs among them."

BLOCKS = "pre", "mid", "post", "none"
"""Choices with a colour of their own, that of the drawing."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One gene along the front.

    Args:
        gene: its name.
        taken: the choice of each network; None where the layer does not exist.
        choices: all that are taken along the front, in the gene's order.
    """

    gene: str
    taken: tuple[Choice | None, ...]
    choices: tuple[Choice, ...]


def rows_of(entries: Sequence[Entry]) -> list[Row]:
    """The genes that differ along the front; by rising cost, as the entries are."""
    first = entries[0].architecture
    genes = genes_of(first.family, first.backbone, first.width)
    return [row for row in (_row(gene, entries) for gene in genes.values()) if len(set(row.taken)) > 1]


def _row(gene: Gene, entries: Sequence[Entry]) -> Row:
    taken = tuple(entry.architecture.effective.get(gene.name) for entry in entries)
    return Row(gene=gene.name, taken=taken, choices=tuple(it for it in gene.legal if it in taken))


def choices_section(entries: Sequence[Entry]) -> Section:
    """A table with a colour for each choice; empty where all networks are alike."""
    rows = rows_of(entries)
    if not rows:
        return Section(title="Along the front", body="")
    heads = "".join(f"<th><button type='button' class='key'>{escape(entry.key)}</button></th>" for entry in entries)
    lines = "".join(
        f"<tr><th>{escape(row.gene)}</th>{''.join(_cell(row, choice) for choice in row.taken)}</tr>" for row in rows
    )
    table = (
        f"<div class='scroll'><table class='heat'><caption class='hidden'>{WORDS}</caption>"
        f"<thead><tr><th>gene</th>{heads}</tr></thead><tbody>{lines}</tbody></table></div>"
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

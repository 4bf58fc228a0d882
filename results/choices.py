"""What each layer takes along the front, from cheap to expensive."""

from collections.abc import Sequence
from dataclasses import dataclass

from results.entry import Entry
from space.family import genes_of
from space.gene import Choice, Gene

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

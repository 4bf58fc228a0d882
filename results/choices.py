"""What each layer takes along the front, from cheap to expensive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from results.entry import Entry
from space.family import genes_of
from space.gene import Choice, Gene


@dataclass(frozen=True, kw_only=True)
class Row:
    """One gene along the front.

    Args:
        gene: its name.
        kind: such as ``k``, of all layers.
        taken: the choice of each network; None where the layer does not exist.
        choices: all that genes of its kind take in the rows, in their order: one scale for all layers.
    """

    gene: str
    kind: str
    taken: tuple[Choice | None, ...]
    choices: tuple[Choice, ...]


def rows_of(entries: Sequence[Entry]) -> list[Row]:
    """The genes that differ along the front; by rising cost, as the entries are."""
    first = entries[0].architecture
    genes = genes_of(first.family, first.backbone, first.width)
    taken = {name: tuple(entry.architecture.effective.get(name) for entry in entries) for name in genes}
    differ = [gene for gene in genes.values() if len(set(taken[gene.name])) > 1]
    scales = {
        kind: _scale([gene for gene in differ if gene.kind == kind], taken) for kind in {it.kind for it in differ}
    }
    return [Row(gene=gene.name, kind=gene.kind, taken=taken[gene.name], choices=scales[gene.kind]) for gene in differ]


def _scale(genes: Sequence[Gene], taken: Mapping[str, Sequence[Choice | None]]) -> tuple[Choice, ...]:
    """All that these genes take: numbers by their size, words as the genes have them."""
    legal = dict.fromkeys(choice for gene in genes for choice in gene.legal)
    choices = [it for it in legal if any(it in taken[gene.name] for gene in genes)]
    numbers = sorted(it for it in choices if isinstance(it, int))
    return (*numbers, *(it for it in choices if isinstance(it, str)))

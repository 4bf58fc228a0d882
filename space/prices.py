"""What a sampler may know of cost: that of any network before it is trained, quickly."""

from collections.abc import Iterator
from functools import cached_property
from itertools import islice, product
from math import inf, isclose
from random import Random

from space import Architecture, SearchSpace
from space.bounds import affordable, extreme
from space.gene import Choice, Choices, Gene
from space.objective import Price

CHECKS = 20
MOST_TRIED = 2000
"""Networks, where one of the costs does not add up."""

Table = tuple[tuple[str, ...], dict[tuple[Choice, ...], float]]


class Prices:
    """The cost of the networks of a space, from their genes.

    Where the costs of all `CHECKS` networks drawn at random are a constant plus a share of each group of genes,
    those of others are added up so, in microseconds. Where they are not, each network is counted.

    Args:
        space: what is searched.
        price: counts a network.
        limit: the budget, if any.
        others: further costs, each with its limit.
    """

    def __init__(
        self, space: SearchSpace, price: Price, limit: float | None, others: tuple[tuple[Price, float], ...] = ()
    ) -> None:
        self._space = space
        self._price = price
        self._budget = limit
        self._others = [(Prices(space, other, None), highest) for other, highest in others]

    def __call__(self, params: Choices) -> float:
        """The cost of the network whose genes with a choice are `params`; infinite where another limit forbids it.

        Only costs that add up are held against their limits here.
        """
        if any(other(params) > highest for other, highest in self.added_up):
            return inf
        return self._count(params) if self._tables is None else self._add_up(params, self._tables)

    @cached_property
    def added_up(self) -> list[tuple["Prices", float]]:
        """The further costs that add up, each with its limit."""
        return [(other, highest) for other, highest in self._others if other._tables is not None]

    def affordable(self) -> Iterator[Architecture]:
        """Networks within the budget and within the further limits of costs that add up, see `space.bounds.affordable`.

        Where a further cost does not add up, its limit is not looked at, and only `MOST_TRIED` networks come.
        """
        others = [(other._of, highest) for other, highest in self.added_up]
        networks = affordable(self._space, self._price, self._budget, others)
        return islice(networks, MOST_TRIED) if len(others) < len(self._others) else networks

    def _of(self, network: Architecture) -> float:
        return self(self._space.spell(network))

    @cached_property
    def limit(self) -> float:
        """No network above is to be proposed: the budget, or what the most expensive network costs."""
        highest = self._price(extreme(self._space, self._price, most_expensive=True))
        return highest if self._budget is None else min(self._budget, highest)

    def _count(self, params: Choices) -> float:
        return self._price(self._space.architecture(params))

    def _add_up(self, params: Choices, tables: tuple[Table, ...]) -> float:
        return self._base + sum(shares[tuple([params[name] for name in names])] for names, shares in tables)

    @cached_property
    def _first(self) -> dict[str, Choice]:
        return {gene.name: gene.choices[0] for gene in self._space.genes}

    @cached_property
    def _base(self) -> float:
        return self._count(self._first)

    @cached_property
    def _tables(self) -> tuple[Table, ...] | None:
        """By group the genes that have a choice, and what each combination adds to `_base`; None if that is not so."""
        groups: dict[str, list[Gene]] = {}
        for gene in self._space.genes:
            if len(gene.choices) > 1:
                groups.setdefault(gene.group, []).append(gene)
        rng = Random(0)
        one = self._space.spell(self._space.sample(rng))
        shares = [
            self._count({**self._first, **{gene.name: one[gene.name] for gene in genes}}) for genes in groups.values()
        ]
        if not isclose(self._base + sum(share - self._base for share in shares), self._count(one)):
            return None
        tables = tuple(self._table(genes) for genes in groups.values())
        drawn = (self._space.spell(self._space.sample(rng)) for _ in range(CHECKS))
        return tables if all(isclose(self._add_up(params, tables), self._count(params)) for params in drawn) else None

    def _table(self, genes: list[Gene]) -> Table:
        names = tuple(gene.name for gene in genes)
        combinations = product(*(gene.choices for gene in genes))
        return names, {c: self._count({**self._first, **dict(zip(names, c))}) - self._base for c in combinations}

"""What a sampler may know of cost: that of any network before it is trained, quickly."""

from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import islice
from math import inf, isclose
from random import Random

from space import Architecture, SearchSpace
from space.bounds import affordable, extreme
from space.chain import State
from space.gene import Choices
from space.objective import Price
from space.shares import Shares

CHECKS = 20
MOST_TRIED = 2000
"""Networks, where one of the costs does not add up."""


class Prices:
    """The cost of the networks of a space, from their genes.

    Where the costs of all `CHECKS` networks drawn at random are a constant plus a share of each group of genes, see
    `space.shares.Shares`, those of others are added up so, in microseconds. Where not, each network is counted.

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
        self._known: dict[tuple, tuple[float, State]] = {}

    def __call__(self, params: Choices) -> float:
        """The cost of the network whose genes with a choice are `params`; infinite where another limit forbids it.

        Only costs that add up are held against their limits here.
        """
        if any(other(params) > highest for other, highest in self.added_up):
            return inf
        return self._add_up(params) if self._adds_up else self._count(params)

    @cached_property
    def added_up(self) -> list[tuple["Prices", float]]:
        """The further costs that add up, each with its limit."""
        return [(other, highest) for other, highest in self._others if other._adds_up]

    @cached_property
    def all_add_up(self) -> bool:
        """Whether this cost and all further ones do, so that any network is priced in microseconds."""
        return self._adds_up and len(self.added_up) == len(self._others)

    @cached_property
    def respell(self) -> Callable[[Choices], Choices] | None:
        """Gives a network's one spelling for any; None where no choice changes what another means.

        Those of a layer that does not exist are then the same in all networks.
        """
        chain = self._space.chain
        return (lambda params: chain.respell({**self._space.first_choices, **params})) if chain.coupled else None

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

    def _add_up(self, params: Choices) -> float:
        total, state = self._base, self._start
        for group, names in self._groups:
            key = group, state, *[params[name] for name in names]
            if key not in self._known:
                self._known[key] = self._read(group, state, params)
            share, state = self._known[key]
            total += share
        return total

    def _read(self, group: int, state: State, params: Choices) -> tuple[float, State]:
        """What a group adds, and the state in which the next group that has a choice is read."""
        step = self._space.chain.step(group, state, {**self._space.first_choices, **params})
        return self._shares(group, state, step), self._pass(group + 1, step.after)

    def _pass(self, group: int, state: State) -> State:
        """What the groups without a choice, from this one on, leave to the next that has one."""
        end = next((other for other, _ in self._groups if other >= group), group)
        for fixed in range(group, end):
            state = self._space.chain.step(fixed, state, self._space.first_choices).after
        return state

    @cached_property
    def _start(self) -> State:
        return self._pass(0, self._space.chain.start)

    @cached_property
    def _groups(self) -> list[tuple[int, list[str]]]:
        """The number of each group that has a choice, and its genes that have one."""
        free = {gene.name for gene in self._space.genes if len(gene.choices) > 1}
        named = [[gene.name for gene in group if gene.name in free] for group in self._space.chain.groups]
        return [(number, names) for number, names in enumerate(named) if names]

    @cached_property
    def _base(self) -> float:
        return self._count(self._space.first_choices)

    @cached_property
    def _shares(self) -> Shares:
        return Shares(self._space, self._price, self._space.first_choices)

    @cached_property
    def _adds_up(self) -> bool:
        rng = Random(0)
        drawn = (self._space.chain.draw(rng) for _ in range(CHECKS))
        return all(isclose(self._add_up(params), self._count(params)) for params in drawn)

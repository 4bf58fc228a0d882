"""What each choice adds to a cost, in the state that the choices before it left."""

from collections.abc import Iterator

from space.chain import Combination, State, Step
from space.gene import Choices
from space.objective import Price
from space.search_space import SearchSpace


class Shares:
    """By how much the choices of one group raise a cost above that of a network `base`.

    A share is a difference of two networks that have the same choices before the group, some that lead to its state,
    and those of `base` after it. Along the way of a network shares sum up to its cost less that of `base`, if a group
    costs what its choices and its state say.

    Args:
        space: whose networks cost.
        price: counts a network.
        base: choices of all genes of the space.
    """

    def __init__(self, space: SearchSpace, price: Price, base: Choices) -> None:
        self._space = space
        self._price = price
        self._base = base
        self._ways = ways_to(space, base)
        self._from_base: dict[tuple[int, State], float] = {}
        self._found: dict[tuple[int, Combination, State], float] = {}

    def __call__(self, group: int, state: State, step: Step) -> float:
        """The share of a step of `space.chain`."""
        key = group, step.spelling, state
        if key not in self._found:
            way = self._ways[group][state]
            if (group, state) not in self._from_base:
                self._from_base[group, state] = self._count(way)
            self._found[key] = self._count(way + step.spelling) - self._from_base[group, state]
        return self._found[key]

    def _count(self, choices: Combination) -> float:
        return self._price(self._space.architecture({**self._base, **dict(choices)}))


def ways_through(space: SearchSpace, base: Choices) -> Iterator[tuple[int, Combination]]:
    """Of each step of the chain its group's number, and the choices up to the step, those before it as in `ways_to`."""
    for number, (ways, by_state) in enumerate(zip(ways_to(space, base), space.chain.steps)):
        for state, steps in by_state.items():
            for step in steps.values():
                yield number, ways[state] + step.spelling


def ways_to(space: SearchSpace, base: Choices) -> list[dict[State, Combination]]:
    """For each group the choices before it that lead to each state; where those of `base` do, these."""
    chain = space.chain
    found: list[dict[State, Combination]] = [{chain.start: ()}]
    usual = chain.start
    for group, by_state in enumerate(chain.steps):
        step = chain.step(group, usual, base)
        ways = {step.after: found[-1][usual] + step.spelling}
        for state, way in found[-1].items():
            for other in by_state[state].values():
                ways.setdefault(other.after, way + other.spelling)
        found.append(ways)
        usual = step.after
    return found

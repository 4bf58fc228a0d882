"""The cheapest and the most expensive network of a space, and all that a budget allows."""

from collections.abc import Iterator, Sequence
from itertools import count, repeat
from math import inf
from operator import add, sub
from typing import NamedTuple

from space import Architecture, SearchSpace
from space.chain import State, Step
from space.gene import Choice
from space.objective import Price
from space.shares import Shares

Costs = tuple[float, ...]

MOST_STEPS = 200_000
ROUNDING = 1e-12
"""Of a cost, which sums in another order differ by."""


class Option(NamedTuple):
    """A choice of one group: what it adds to each cost, alone and with the least that can follow."""

    least: Costs
    added: Costs
    step: Step


def extreme(space: SearchSpace, price: Price, *, most_expensive: bool = False) -> Architecture:
    """The network of the least cost, or of the highest.

    Descends group by group until nothing changes. That is exact where a choice that is cheaper than another in one
    network is cheaper in all, such as where the groups' costs add up.
    """
    best = space.architecture({name: choice for group in space.groups for name, choice in group[0]})
    sign = -1 if most_expensive else 1
    while True:
        before = best
        for group in space.groups:
            here = space.spell(best)
            candidates = [space.architecture({**here, **dict(spelling)}) for spelling in group]
            best = min((best, *candidates), key=lambda network: sign * price(network))
        if best == before:
            return best


def affordable(
    space: SearchSpace, price: Price, limit: float | None, others: Sequence[tuple[Price, float]] = ()
) -> Iterator[Architecture]:
    """Every network within `limit`, if there is one, and within the `others`; first the cheapest, where that is.

    Exact where the groups' costs add up in the sense of `space.shares.Shares`. Without `others` they come by rising
    cost, group by group. With them the search ends after `MOST_STEPS` choices.
    """
    cheapest = extreme(space, price)
    limits = ((price, inf if limit is None else limit), *others)
    within = all(each(cheapest) <= highest for each, highest in limits)
    if within:
        yield cheapest
    for network in _branch_and_bound(space, cheapest, limits):
        if not within or network != cheapest:
            yield network


def _branch_and_bound(
    space: SearchSpace, cheapest: Architecture, limits: Sequence[tuple[Price, float]]
) -> Iterator[Architecture]:
    """What `affordable` yields; `cheapest` may be among it."""
    base, steps_of = space.spell(cheapest), space.chain.steps
    start = [(highest, price(cheapest)) for price, highest in limits]
    left = tuple(highest - here + ROUNDING * abs(here) for highest, here in start)
    shares = [Shares(space, price, base) for price, _ in limits]

    options: list[dict[State, list[Option]]] = []
    least: dict[State, Costs] = dict.fromkeys(space.chain.counts[-1], (0.0,) * len(limits))
    for group, by_state in reversed([*enumerate(steps_of)]):
        found: dict[State, list[Option]] = {}
        for state, steps in by_state.items():
            added = [tuple(share(group, state, step) for share in shares) for step in steps.values()]
            ends = [tuple(map(add, here, least[step.after])) for here, step in zip(added, steps.values())]
            found[state] = sorted(map(Option, ends, added, steps.values()), key=lambda option: option.least[0])
        options.insert(0, found)
        least = {state: tuple(map(min, zip(*(option.least for option in here)))) for state, here in found.items()}
    allowed_steps = count() if len(limits) > 1 else repeat(0)

    def complete(choices: dict[str, Choice], left: Costs, group: int, state: State) -> Iterator[Architecture]:
        if group == len(options):
            yield space.architecture(choices)
            return
        for option in options[group][state]:
            if next(allowed_steps) > MOST_STEPS or left[0] < option.least[0]:
                break
            if all(here >= least for here, least in zip(left, option.least)):
                after = tuple(map(sub, left, option.added))
                yield from complete({**choices, **dict(option.step.spelling)}, after, group + 1, option.step.after)

    return complete(base, left, 0, space.chain.start)

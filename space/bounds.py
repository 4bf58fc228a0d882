"""The cheapest and the most expensive network of a space, and all that a budget allows."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count, repeat
from math import inf

from space import Architecture, SearchSpace
from space.gene import Choice
from space.objective import Price

Costs = tuple[float, ...]

MOST_STEPS = 200_000
ROUNDING = 1e-12
"""Of a cost, which sums in another order differ by."""


def extreme(space: SearchSpace, price: Price, *, most_expensive: bool = False) -> Architecture:
    """The network of the least cost, or of the highest.

    Descends group by group until nothing changes, which is exact where the groups' costs add up.
    """
    best = space.architecture({name: choice for group in space.groups for name, choice in next(iter(group.values()))})
    sign = -1 if most_expensive else 1
    while True:
        before = best
        for group in space.groups:
            candidates = [space.architecture({**space.spell(best), **dict(spelling)}) for spelling in group.values()]
            best = min((best, *candidates), key=lambda network: sign * price(network))
        if best == before:
            return best


def affordable(
    space: SearchSpace, price: Price, limit: float | None, others: Sequence[tuple[Price, float]] = ()
) -> Iterator[Architecture]:
    """Every network within `limit`, if there is one, and within the `others`; exact where the groups' costs add up.

    Without `others` they come by rising cost, group by group. With them the search ends after `MOST_STEPS` choices.
    """
    cheapest = extreme(space, price)
    base = space.spell(cheapest)
    prices = (price, *(other for other, _ in others))
    start = [each(cheapest) for each in prices]
    limits = (inf if limit is None else limit, *(highest for _, highest in others))
    left = tuple(highest - here + ROUNDING * abs(here) for highest, here in zip(limits, start))

    def extra(spelling: Mapping[str, Choice]) -> Costs:
        network = space.architecture({**base, **spelling})
        return tuple(each(network) - here for each, here in zip(prices, start))

    options = [
        sorted(((extra(spelling), spelling) for spelling in map(dict, group.values())), key=lambda option: option[0][0])
        for group in space.groups
    ]
    rest = [tuple(0.0 for _ in prices)]
    for group in reversed(options):
        least = (min(added[number] for added, _ in group) for number in range(len(prices)))
        rest.insert(0, tuple(map(sum, zip(least, rest[0]))))
    steps = count() if others else repeat(0)

    def complete(choices: dict[str, Choice], left: Costs, group: int) -> Iterator[Architecture]:
        if group == len(options):
            yield space.architecture(choices)
            return
        for added, spelling in options[group]:
            after = tuple(here - more for here, more in zip(left, added))
            if next(steps) > MOST_STEPS or after[0] < rest[group + 1][0]:
                break
            if all(here >= least for here, least in zip(after, rest[group + 1])):
                yield from complete({**choices, **spelling}, after, group + 1)

    return complete(base, left, 0)

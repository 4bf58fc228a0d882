"""The cheapest and the most expensive network of a space, and all that a budget allows."""

from collections.abc import Iterator, Mapping
from math import inf
from operator import itemgetter

from space import Architecture, SearchSpace
from space.gene import Choice
from space.objective import Price


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


def affordable(space: SearchSpace, price: Price, limit: float | None) -> Iterator[Architecture]:
    """Every network of at most `limit`, or of all, the cheapest first; exact where the groups' costs add up."""
    cheapest = extreme(space, price)
    base = space.spell(cheapest)

    def extra(spelling: Mapping[str, Choice]) -> float:
        return price(space.architecture({**base, **spelling})) - price(cheapest)

    options = [sorted(((extra(s), s) for s in map(dict, group.values())), key=itemgetter(0)) for group in space.groups]

    def complete(choices: dict[str, Choice], left: float, group: int) -> Iterator[Architecture]:
        if group == len(options):
            yield space.architecture(choices)
            return
        for cost, spelling in options[group]:
            if cost > left:
                break
            yield from complete({**choices, **spelling}, left - cost, group + 1)

    return complete(base, inf if limit is None else limit - price(cheapest), 0)

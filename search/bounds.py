"""The cheapest and the dearest network of a space."""

from collections.abc import Callable

from space import Architecture, SearchSpace


def extreme(space: SearchSpace, ops: Callable[[Architecture], float], *, dearest: bool = False) -> Architecture:
    """The network of the least cost, or of the highest.

    Descends group by group until nothing changes, which is exact where the groups' costs add up.
    """
    best = space.architecture({name: choice for group in space.groups for name, choice in next(iter(group.values()))})
    sign = -1 if dearest else 1
    while True:
        before = best
        for group in space.groups:
            candidates = [space.architecture({**space.spell(best), **dict(spelling)}) for spelling in group.values()]
            best = min((best, *candidates), key=lambda network: sign * ops(network))
        if best == before:
            return best

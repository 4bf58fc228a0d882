"""Which paths of a supernet a step of its training takes."""

from collections.abc import Callable
from functools import cache
from math import log
from random import Random

from space import Architecture, SearchSpace
from space.bounds import extreme

Ops = Callable[[Architecture], float]
Draw = Callable[[Random], list[Architecture]]
"""From a random state to the paths of one step. What that takes is counted at the first step, not before."""

BINS = 10
POOL = 1000


def uniform(space: SearchSpace, ops: Ops) -> Draw:
    """One network, each with the same probability."""
    return lambda rng: [space.sample(rng)]


def cost_bins(space: SearchSpace, ops: Ops) -> Draw:
    """One network of a cost bin, drawn uniformly; bins are of equal width in log OPs.

    Networks drawn uniformly lie close together in cost, so those of the pool take some of their genes from the
    cheapest or the most expensive network.
    """

    @cache
    def pool() -> list[list[Architecture]]:
        ends = extreme(space, ops), extreme(space, ops, most_expensive=True)
        rng, bins = Random(0), {}
        low, high = (log(ops(end)) for end in ends)
        for _ in range(POOL):
            share, end = rng.random(), rng.choice(ends)
            network = space.crossover(space.sample(rng), end, rng, share=share)
            place = (log(ops(network)) - low) / (high - low) if high > low else 0
            bins.setdefault(min(int(place * BINS), BINS - 1), []).append(network)
        return list(bins.values())

    return lambda rng: [rng.choice(rng.choice(pool()))]


def sandwich(space: SearchSpace, ops: Ops) -> Draw:
    """The most expensive network, which teaches the cheapest and two drawn uniformly."""

    @cache
    def ends() -> tuple[Architecture, Architecture]:
        return extreme(space, ops, most_expensive=True), extreme(space, ops)

    return lambda rng: [*ends(), space.sample(rng), space.sample(rng)]


PATHS: dict[str, Callable[[SearchSpace, Ops], Draw]] = {
    "uniform": uniform,
    "cost-bins": cost_bins,
    "sandwich": sandwich,
}

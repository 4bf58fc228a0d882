"""Samplers: each proposes the next network to evaluate."""

from collections.abc import Callable
from functools import partial

import optuna
from optuna.samplers import BaseSampler

from search.samplers.evolution import EvolutionSampler, by_bin
from search.samplers.front import FrontSampler
from search.samplers.history import History
from space.prices import Prices

Make = Callable[[int], BaseSampler]


def _tpe(prices: Prices) -> Make:
    return lambda seed: optuna.samplers.TPESampler(seed=seed, multivariate=True)


def _nsga2(prices: Prices) -> Make:
    return lambda seed: optuna.samplers.NSGAIISampler(seed=seed)


def _gp(prices: Prices) -> Make:
    return lambda seed: optuna.samplers.GPSampler(seed=seed, warn_independent_sampling=False)


def _random(prices: Prices) -> Make:
    return lambda seed: optuna.samplers.RandomSampler(seed=seed)


def _evolution(prices: Prices) -> Make:
    return EvolutionSampler


def _evolution_bins(prices: Prices) -> Make:
    return partial(EvolutionSampler, parents=by_bin)


def _front(prices: Prices) -> Make:
    return partial(FrontSampler, cost=prices, limit=prices.limit, history=History())


SAMPLERS: dict[str, Callable[[Prices], Make]] = {
    "tpe": _tpe,
    "nsga2": _nsga2,
    "gp": _gp,
    "random": _random,
    "evolution": _evolution,
    "evolution-bins": _evolution_bins,
    "front": _front,
}
"""What makes the samplers of one study, each from a seed."""

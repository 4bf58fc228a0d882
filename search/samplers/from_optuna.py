"""Samplers of Optuna, as `SAMPLERS` makes them; they do not use the prices."""

from optuna.samplers import BaseSampler, GPSampler, NSGAIISampler, RandomSampler, TPESampler

from space.prices import Prices


def tpe(seed: int, prices: Prices) -> BaseSampler:
    return TPESampler(seed=seed, multivariate=True)


def nsga2(seed: int, prices: Prices) -> BaseSampler:
    return NSGAIISampler(seed=seed)


def gp(seed: int, prices: Prices) -> BaseSampler:
    return GPSampler(seed=seed, warn_independent_sampling=False)


def random(seed: int, prices: Prices) -> BaseSampler:
    return RandomSampler(seed=seed)

"""Optuna's samplers, as Optuna's users run them."""

import warnings
from collections.abc import Callable, Iterator

import optuna
from optuna.samplers import BaseSampler, GPSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.trial import TrialState

from benchmarks.samplers.contestants.problem import Contestant, Problem, Trial
from benchmarks.samplers.learning_curves import free_choices
from space import Architecture


def run_study(
    problem: Problem,
    sampler: BaseSampler,
    *,
    first: tuple[Architecture, ...] = (),
    train: Callable[[Architecture], Trial] | None = None,
) -> Iterator[Trial]:
    """A study in memory.

    Args:
        problem: what is searched.
        sampler: proposes.
        first: networks to train before any proposal.
        train: trains a network; by default to the end.
    """
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)
    for network in first:
        study.enqueue_trial(dict(free_choices(problem.space, network)))
    while True:
        asked = study.ask()
        trial = (train or problem.train_fully)(problem.space.suggest(asked))
        if trial.completed:
            study.tell(asked, (trial.accuracy, problem.ops(trial.network)))
        else:
            study.tell(asked, state=TrialState.PRUNED)
        yield trial


def contestant(make: Callable[[int], BaseSampler]) -> Contestant:
    """A search with the sampler that `make` makes from a seed, after the hand-designed networks."""

    def search(problem: Problem) -> Iterator[Trial]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            sampler = make(problem.seed)
        return run_study(problem, sampler, first=problem.baselines)

    return search


OPTUNA: dict[str, Contestant] = {
    "Optuna random": contestant(lambda seed: RandomSampler(seed=seed)),
    "Optuna TPE": contestant(lambda seed: TPESampler(seed=seed)),
    "Optuna TPE, multivariate": contestant(lambda seed: TPESampler(seed=seed, multivariate=True)),
    "Optuna NSGA-II": contestant(lambda seed: NSGAIISampler(seed=seed)),
    "Optuna GP": contestant(lambda seed: GPSampler(seed=seed)),
}

"""One search of a contest, scored after each of its trials."""

from time import perf_counter

import numpy as np
import pandas as pd

from benchmarks.samplers.contestants import BUDGETS, CONTESTANTS
from benchmarks.samplers.contestants.problem import Problem, Trial
from benchmarks.samplers.features import NetworkEncoder
from benchmarks.samplers.learning_curves import Array
from benchmarks.samplers.surrogate import Surrogate
from results.pareto import hypervolume, mean_within_budget, on_front
from search.samplers.encoding import Rows
from search.study.expectation import expected_accuracy
from space import Architecture, SearchSpace
from space.bounds import extreme

SCORES = ("expected, mean", "expected, hypervolume", "measured, mean", "measured, hypervolume")
"""By the accuracies that decide which networks are on the front, and by the measure of these networks' true ones."""


class Scores:
    """The scores of a search after each of its trials, one for each of `SCORES`.

    They are of the true accuracies of the networks on the front that the search would export.

    Args:
        problem: what is searched.
        surrogate: knows the true accuracies.
        chance: the accuracy that counts where the front has no network; hypervolume is against that and the OPs of the
            most expensive network, and the mean is over budgets from the cheapest network's OPs to these.
    """

    def __init__(self, problem: Problem, surrogate: Surrogate, chance: float) -> None:
        self._problem = problem
        self._surrogate = surrogate
        self._chance = chance
        cheapest = extreme(problem.space, problem.ops, most_expensive=False)
        self._budgets = problem.ops(cheapest), problem.prices.limit
        self._encoder = NetworkEncoder(problem.space)
        self._completed: dict[str, tuple[float, float, float, Rows]] = {}
        self._scores = [0.0 for _ in SCORES]

    def after(self, trial: Trial) -> list[float]:
        """The scores once `trial` has ended too."""
        if trial.completed:
            network = trial.network
            truth = float(self._surrogate.curve(network)[-1])
            (row,) = self._encoder.rows([network])
            self._completed[network.key] = trial.accuracy, truth, self._problem.ops(network), row
            measured, true, ops, rows = map(np.array, zip(*self._completed.values()))
            expected, _ = expected_accuracy(self._encoder.encoding, rows, measured)
            fronts = [on_front(accuracy, ops) for accuracy in (expected, measured)]
            self._scores = [score for front in fronts for score in self._measures(true[front], ops[front])]
        return self._scores

    def _measures(self, accuracy: Array, ops: Array) -> tuple[float, float]:
        return (
            mean_within_budget(accuracy, ops, budgets=self._budgets, chance=self._chance),
            hypervolume(accuracy, ops, reference=(self._chance, self._budgets[1])),
        )


def search(
    job: tuple[str, int],
    *,
    surrogate: Surrogate,
    space: SearchSpace,
    classes: int,
    trials: int,
    first: tuple[Architecture, ...] = (),
) -> pd.DataFrame:
    """Run a contestant under a seed. One row a trial: epochs so far, the scores, and seconds to propose it.

    The search ends when it has used the epochs of `trials` whole trainings. Networks that it is given come `first`,
    before the hand-designed ones.
    """
    name, seed = job
    problem = Problem(space, surrogate, classes, seed, first)
    scores = Scores(problem, surrogate, 1 / classes)
    searching = CONTESTANTS[name](problem)
    rows, epochs = [], 0
    while epochs < min(trials, BUDGETS.get(name, trials)) * problem.epochs:
        began = perf_counter() - problem.training_seconds
        trial = next(searching)
        seconds = perf_counter() - problem.training_seconds - began
        epochs += trial.epochs
        rows.append((name, seed, len(rows) + 1, epochs, *scores.after(trial), seconds))
    return pd.DataFrame(rows, columns=["sampler", "seed", "trial", "epochs", *SCORES, "seconds"])

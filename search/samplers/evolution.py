"""Evolution: each proposal is a child of the best networks so far."""

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.search_space import IntersectionSearchSpace
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from results.pareto import on_front
from space.prices import Prices

POPULATION = 50
PARENTS = 10
MUTATION = 0.1
BINS = 10
REDRAWS = 100

Indices = NDArray[np.intp]


def by_front(accuracy: NDArray[np.float64], cost: NDArray[np.float64], *, least: int = PARENTS) -> Indices:
    """Which of n points are parents: the front, then the front of the others, until there are at least `least`.

    Args:
        accuracy, cost: (n,) each, finite; accuracy is to be high, cost low.
    """
    rest = np.arange(len(accuracy))
    parents = rest[:0]
    while len(rest) and len(parents) < least:
        front = on_front(accuracy[rest], cost[rest])
        parents, rest = np.append(parents, rest[front]), rest[~front]
    return parents


def by_bin(accuracy: NDArray[np.float64], cost: NDArray[np.float64]) -> Indices:
    """Which of n points are parents: the most accurate of each of `BINS` bins that share the range of log cost evenly.

    As in NAS-BNN (Lin et al., 2024, arXiv 2408.15484), whose bins are even in OPs.

    Args:
        accuracy, cost: (n,) each, finite; accuracy is to be high, cost low. Costs have one sign and none is 0.
    """
    if not len(cost) or np.any(np.sign(cost) != np.sign(cost[0])) or cost[0] == 0:
        raise ValueError("bins by cost need a second objective that is above 0")
    size = np.log(np.abs(cost))
    bins = np.digitize(size, np.linspace(size.min(), size.max(), BINS + 1)[1:-1])
    best_first = np.lexsort((cost, -accuracy))
    _, best_of_bin = np.unique(bins[best_first], return_index=True)
    return best_first[best_of_bin]


class EvolutionSampler(BaseSampler):
    """The search of Single Path One-Shot (Guo et al., ECCV 2020, arXiv 1904.00420), for two objectives.

    Its settings: `population` random proposals, then half of the children take each gene from either of two parents,
    and half are a parent with each gene redrawn with probability `MUTATION`, and at least one. Unlike in the paper,
    parents are chosen for each proposal, so that trials may end in any order and no generation has to be complete.
    Trials without a value of each parameter that is being sampled do not count, nor those without finite objectives.

    Args:
        seed: of the proposals; None for a different one each time.
        parents: of finite accuracies and costs, n each, which are parents; `by_front` or `by_bin`. A study's first
            objective is the accuracy, its last the cost: a single one is both, and `by_front` takes the best.
        population: how many trials there are before proposals are children.
    """

    def __init__(
        self,
        seed: int | None = None,
        *,
        parents: Callable[..., Indices] = by_front,
        population: int = POPULATION,
    ) -> None:
        self._rng = Random(seed)
        self._random = RandomSampler(seed)
        self._parents = parents
        self._population = population
        self._search_space = IntersectionSearchSpace()

    def reseed_rng(self) -> None:
        self._rng.seed()
        self._random.reseed_rng()

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        distributions = self._search_space.calculate(study)
        return {name: distribution for name, distribution in distributions.items() if not distribution.single()}

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        if len(study.directions) > 2:
            raise ValueError(f"evolution takes one or two objectives, not {len(study.directions)}")

        def draw(name: str) -> Any:
            return self._random.sample_independent(study, trial, name, search_space[name])

        trials, accuracy, cost = _comparable(study, search_space)
        if len(trials) < self._population or not search_space:
            return {name: draw(name) for name in search_space}
        chosen = self._parents(accuracy, cost)
        parents = [{name: trials[i].params[name] for name in search_space} for i in chosen]
        if len(parents) > 1 and self._rng.random() < 0.5:
            return self._crossover(*self._rng.sample(parents, 2))
        return self._mutate(self._rng.choice(parents), draw)

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self._random.sample_independent(study, trial, param_name, param_distribution)

    def _crossover(self, one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
        """Take each gene from either parent with the same probability."""
        return {name: self._rng.choice((one, other))[name] for name in one}

    def _mutate(self, parent: dict[str, Any], draw: Callable[[str], Any]) -> dict[str, Any]:
        """Redraw each gene with probability `MUTATION`, and at least one; to another choice if it has one."""
        redrawn = [name for name in parent if self._rng.random() < MUTATION] or [self._rng.choice(list(parent))]
        child = dict(parent)
        for name in redrawn:
            draws = (draw(name) for _ in range(REDRAWS))
            child[name] = next((drawn for drawn in draws if drawn != parent[name]), parent[name])
        return child


def _comparable(
    study: optuna.Study, search_space: dict[str, BaseDistribution]
) -> tuple[list[FrozenTrial], NDArray[np.float64], NDArray[np.float64]]:
    """The n complete trials with all the parameters of `search_space` and finite objectives, and those, signed to fit.

    Returns:
        the trials, (n,) accuracies, to be high, and (n,) costs, to be low: the first objective and the last.
    """
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    values = np.array([trial.values for trial in complete]).reshape(len(complete), len(study.directions))
    finite, names = np.isfinite(values).all(axis=1), search_space.keys()
    kept = [i for i in np.flatnonzero(finite) if names <= complete[i].params.keys()]
    signs = np.array([1 if direction == StudyDirection.MAXIMIZE else -1 for direction in study.directions])
    values = values[kept] * signs
    return [complete[i] for i in kept], values[:, 0], -values[:, -1]


def make_by_front(seed: int, prices: Prices) -> EvolutionSampler:
    """As `search.samplers.SAMPLERS` makes it; the prices are not used."""
    return EvolutionSampler(seed, parents=by_front)


def make_by_bin(seed: int, prices: Prices) -> EvolutionSampler:
    """As `search.samplers.SAMPLERS` makes it; the prices are not used."""
    return EvolutionSampler(seed, parents=by_bin)

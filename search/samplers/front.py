"""The front sampler: each proposal is the network expected to raise the front of accuracy against cost most."""

from collections.abc import Callable, Iterator, Mapping
from math import inf
from typing import Any

import numpy as np
import optuna
from numpy.typing import ArrayLike, NDArray
from optuna.distributions import BaseDistribution, FloatDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.search_space import IntersectionSearchSpace
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

from results.pareto import on_front
from search.samplers.encoding import Encoding, Row, Rows
from search.samplers.history import Observations, history_of
from search.samplers.improvement import expected_improvement
from search.samplers.regression import Predictor
from space.prices import Prices

STARTUP = 10
ROUNDS = 4
CHILDREN = 300
STRANGERS = 50
PARENTS = 40
REDRAWN = (1, 2, 4)
AT_LIMIT = 0.25

Array = NDArray[np.float64]
Score = Callable[[Rows, Array], Array]


class FrontSampler(BaseSampler):
    """Bayesian optimization of two objectives, one of which, the cost, is known before a network is trained.

    In each of `ROUNDS` rounds it draws `CHILDREN` children of the front and of the best `PARENTS` candidates so far,
    and `STRANGERS` random networks. A linear model of the genes predicts their accuracy. They are ranked by how much
    each is expected to raise the best accuracy within a budget, for a budget drawn evenly from the log costs so far up
    to `limit`, or, with a weight of `AT_LIMIT` of that range, `limit` itself. Trials under way count as if they had
    ended as predicted (the kriging believer of Ginsbourger, Le Riche and Carraro, "Kriging is well-suited to
    parallelize optimization", 2010), so that networks trained in parallel differ.

    The first proposals are random, until `STARTUP` trials count: complete ones with a value of each parameter that is
    being sampled, and finite objectives. Nothing is proposed that any trial has had. Asked again for the same
    trial, the sampler proposes the next best. Float parameters are left to `sample_independent`.

    Args:
        seed: of the proposals; None for a different one each time.
        cost: the second objective, exactly, of the parameters.
        respell: gives the one spelling of all parameters that mean the same, from which accuracy is predicted.
        limit: nothing that costs more is proposed once proposals are not random; without a limit, the highest cost so
            far takes its place in the ranking.
    """

    def __init__(
        self,
        seed: int | None = None,
        *,
        cost: Callable[[dict[str, Any]], float],
        respell: Callable[[dict[str, Any]], Mapping[str, Any]] | None = None,
        limit: float = inf,
    ) -> None:
        self._rng = np.random.default_rng(seed)
        self._random = RandomSampler(seed)
        self._cost = cost
        self._respell = respell
        self._limit = limit
        self._search_space = IntersectionSearchSpace()
        self._asked: tuple[optuna.Study | None, int, Iterator[dict[str, Any]]] = (None, -1, iter(()))

    def reseed_rng(self) -> None:
        self._rng = np.random.default_rng()
        self._random.reseed_rng()

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        distributions = self._search_space.calculate(study).items()
        return {name: d for name, d in distributions if not d.single() and not isinstance(d, FloatDistribution)}

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        if study.directions != [StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE]:
            raise ValueError("the front sampler takes two objectives: an accuracy to maximize, a cost to minimize")
        asked_by, number, proposals = self._asked
        if asked_by is not study or number != trial.number:
            proposals = self._proposals(study, trial, Encoding.of(search_space))
            self._asked = study, trial.number, proposals
        return next(proposals)

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self._random.sample_independent(study, trial, param_name, param_distribution)

    def _proposals(self, study: optuna.Study, trial: FrozenTrial, encoding: Encoding) -> Iterator[dict[str, Any]]:
        """The candidates, the best first, then random ones without end."""
        if encoding.choices:
            observed = history_of(study).read(study, encoding, exclude=trial.number)
            if len(observed.rows) >= STARTUP:
                yield from map(encoding.decode, self._rank(encoding, observed))
        while True:
            yield from map(encoding.decode, encoding.draw(self._rng, 1))

    def _rank(self, encoding: Encoding, observed: Observations) -> Rows:
        """(n, g) candidates, none of them tried before, the best first."""
        rows, features = observed.rows, observed.features
        accuracy, cost = observed.values[:, 0], _log(observed.values[:, 1])
        highest = cost.max() if self._limit == inf else _log(self._limit)
        reference = float(accuracy.min()), float(highest + AT_LIMIT * (max(0.0, highest - cost.min()) or 1))
        predict = Predictor(features, accuracy)
        if observed.under_way:
            coming = np.array(observed.under_way)
            rows, features = np.concatenate([rows, coming]), np.concatenate([features, encoding.features(coming)])
            accuracy = np.append(accuracy, predict(encoding.features(coming))[0])
            cost = np.append(cost, _log([self._cost(encoding.decode(row)) for row in coming]))
            predict = Predictor(features, accuracy)
        best = on_front(accuracy, cost)
        front = accuracy[best], cost[best]

        def score(rows: Rows, cost: Array) -> Array:
            predicted = predict(encoding.features(rows))
            return expected_improvement(*predicted, _log(cost), front=front, reference=reference)

        return self._evolve(encoding, rows[best], set(observed.tried), score)

    def _evolve(self, encoding: Encoding, front: Rows, tried: set[Row], score: Score) -> Rows:
        """(n, g) candidates that descend from the front's (m, g), the best by `score` of rows and costs first."""
        candidates, scores = front[:0], np.empty(0)
        for _ in range(ROUNDS):
            parents = np.concatenate([front, candidates[:PARENTS]])
            drawn = np.concatenate([self._children(encoding, parents), encoding.draw(self._rng, STRANGERS)])
            proposed: list[Row | None] = [*map(tuple, drawn.tolist())]
            if self._respell:
                proposed = [encoding.encode(self._respell(encoding.decode(row))) for row in proposed if row]
            new = [row for row in dict.fromkeys(proposed) if row and row not in tried]
            tried.update(new)
            priced = [(row, cost) for row in new if (cost := self._cost(encoding.decode(row))) <= self._limit]
            if priced:
                rows, costs = map(np.array, zip(*priced))
                candidates, scores = np.concatenate([candidates, rows]), np.append(scores, score(rows, costs))
                order = np.argsort(-scores, kind="stable")
                candidates, scores = candidates[order], scores[order]
        return candidates

    def _children(self, encoding: Encoding, parents: Rows) -> Rows:
        """(CHILDREN, g) rows: half of one of the (n, g) parents, half of two, some genes redrawn in all of them."""
        one, other = parents[self._rng.integers(len(parents), size=(2, CHILDREN))]
        crossed = self._rng.random((CHILDREN, 1)) < 0.5
        mixed = np.where(crossed & (self._rng.random(one.shape) < 0.5), other, one)
        redrawn = self._rng.choice(REDRAWN, size=(CHILDREN, 1)) / one.shape[1]
        return np.where(self._rng.random(one.shape) < redrawn, encoding.draw(self._rng, CHILDREN), mixed)


def _log(cost: ArrayLike) -> Array:
    """Finite for a cost of 0, too."""
    return np.log(np.maximum(cost, np.finfo(float).tiny))


def make_front(seed: int, prices: Prices) -> FrontSampler:
    """As `search.samplers.SAMPLERS` makes it."""
    return FrontSampler(seed, cost=prices, respell=prices.respell, limit=prices.limit * (1 + 1e-9))

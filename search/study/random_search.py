"""What random search would have found in place of the sampler: the line that the progress of a search is beside."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pandas as pd

from results.measures import ACCURACY, Measure
from results.pareto import hypervolume, on_front
from results.progress import Progress
from results.run_config import Reference
from results.tables import completed, deciding_accuracy
from search.samplers.encoding import Encoding, Rows
from search.samplers.regression import Array, Predictor
from search.study.expectation import ENOUGH
from search.study.record import TrialRecord
from space.prices import Prices

DRAWN, LEAST = 1000, 100
"""Random networks, and how many of them must be within the limits."""
ORDERS, POINTS = 10, 20
"""Searches whose mean is taken, and numbers of trials at which it is."""


class RandomSearch:
    """Random networks, drawn once, at the accuracies that the regression over all trials expects of them.

    Args:
        encoding: of the genes.
        prices: of networks; where they do not add up, networks are too slow to count, and none are drawn.
        seed: of the draws.
    """

    def __init__(self, encoding: Encoding, prices: Prices, seed: int) -> None:
        self._encoding, self._prices, self._seed = encoding, prices, seed

    def progress(
        self,
        records: Sequence[TrialRecord],
        trials: pd.DataFrame,
        *,
        objective: str,
        measure: Measure = ACCURACY,
        reference: Reference,
    ) -> Progress | None:
        """The mean hypervolume, beginning with the networks that the sampler did not propose.

        None where accuracies are not smoothed, see `search.study.expectation`, or too few draws are within the limits.

        Args:
            records: of the study.
            trials: the same, as a table.
            objective: the name of the cost, which is a column of the table.
            measure: what is maximised.
            reference: of the hypervolume.
        """
        complete = completed(trials).sort_values(by="number")
        is_proposed = (complete["source"] == "sampler").to_numpy(bool)
        if len(complete) < ENOUGH or not is_proposed.any() or len(self._drawn[0]) < LEAST:
            return None
        genes = {record.number: self._encoding.encode(record.genes) for record in records}
        rows = np.array([genes[number] for number in complete["number"]])
        predict = Predictor(self._encoding.features(rows), complete[measure.column].to_numpy(float))
        drawn, costs = self._drawn
        expected = np.clip(predict(self._encoding.features(drawn))[0], 0, 1)
        first = complete.loc[~is_proposed]
        known = deciding_accuracy(first, measure), first[objective].to_numpy(float)
        counts = np.unique(np.linspace(len(first), len(complete), POINTS).astype(int))
        corner, rng = (reference.accuracy, reference.cost), np.random.default_rng(self._seed)
        grown = np.zeros(len(counts))
        for _ in range(ORDERS):
            order = rng.integers(len(drawn), size=int(is_proposed.sum()))
            grown += _grown(known, (expected[order], costs[order]), counts - len(first), corner)
        elapsed = np.append(0, np.nan_to_num(complete["seconds"].to_numpy(float)).cumsum())
        return Progress(
            trials=counts.tolist(),
            seconds=elapsed[counts].round(2).tolist(),
            hypervolume=(grown / ORDERS).round(6).tolist(),
        )

    @cached_property
    def _drawn(self) -> tuple[Rows, Array]:
        """(n, g) and (n,): networks within the limits and their costs."""
        empty = np.empty((0, len(self._encoding.choices)), int), np.empty(0)
        if not self._encoding.choices or not self._prices.all_add_up:
            return empty
        rows = self._encoding.draw(np.random.default_rng(self._seed), DRAWN)
        if respell := self._prices.respell:
            spelled = [self._encoding.encode(respell(self._encoding.decode(tuple(row)))) for row in rows.tolist()]
            rows = np.array([row for row in spelled if row])
        costs = np.array([self._prices(self._encoding.decode(tuple(row))) for row in rows.tolist()])
        is_within = costs <= self._prices.limit * (1 + 1e-9)
        return rows[is_within], costs[is_within]


def _grown(
    known: tuple[Array, Array], drawn: tuple[Array, Array], counts: np.ndarray, corner: tuple[float, float]
) -> Array:
    """(k,) hypervolumes of the known points and the first `counts` of those drawn, each accuracies and costs."""
    (accuracy, cost), grown, before = known, [], 0
    for count in counts:
        accuracy, cost = (
            np.append(accuracy, drawn[0][before:count]),
            np.append(cost, drawn[1][before:count]),
        )
        front = on_front(accuracy, cost)
        accuracy, cost, before = accuracy[front], cost[front], count
        grown.append(hypervolume(accuracy, cost, reference=corner))
    return np.array(grown)

"""The front by one cost beside the front by OPs, of the same trials: what a choice by OPs would have cost."""

from dataclasses import dataclass

import pandas as pd

from results.measures import Measure
from results.pareto import on_front
from results.tables import completed, deciding_accuracy, front_of
from space.objective import OBJECTIVES, Objective

OPS = OBJECTIVES["ops"]
COLUMNS = ("key", "accuracy", "ops", "cost", "instead", "factor")


@dataclass(frozen=True, kw_only=True)
class TwoFronts:
    """How the fronts differ.

    Args:
        by_ops, by_cost: how many networks are on each.
        both: how many are on both.
        rows: the networks that are on the front by OPs alone, with `COLUMNS`: their cost, the cheapest network that is
            at least as accurate, and how many times as much they cost.
    """

    by_ops: int
    by_cost: int
    both: int
    rows: pd.DataFrame

    def text(self, objective: Objective) -> str:
        """In words."""
        text = (
            f"By OPs the front of these trials has {self.by_ops} networks, by {objective.name} {self.by_cost}; "
            f"{self.both} are on both."
        )
        if self.rows.empty:
            return text
        middle, worst = self.rows["factor"].median(), self.rows["factor"].max()
        return (
            f"{text} One that is on it by OPs alone costs {middle:.2f} times (median), at most {worst:.2f} times, "
            f"the {objective.name} of the cheapest one that is at least as accurate."
        )


def two_fronts(trials: pd.DataFrame, objective: Objective, measure: Measure) -> TwoFronts:
    """Of the complete trials, one row each, `results.tables.COLUMNS`, the objective and the measure.

    A network is on a front where no other beats it. Of networks that are equal in accuracy and one cost, that front has
    the one with the least of the other cost.
    """
    complete = completed(trials)
    by_ops, by_cost = _front(complete, OPS, objective, measure), _front(complete, objective, OPS, measure)
    accuracy = pd.Series(deciding_accuracy(complete, measure), index=complete.index)
    unbeaten = pd.Series(on_front(accuracy.to_numpy(), complete[objective.name].to_numpy(float)), index=complete.index)
    rows = []
    for index, row in by_ops.loc[~unbeaten[by_ops.index]].iterrows():
        instead = by_cost.loc[accuracy[by_cost.index] >= accuracy[index]].iloc[0]
        cost = row[objective.name]
        found = row["key"], accuracy[index], row["ops"], cost, instead["key"], cost / instead[objective.name]
        rows.append(dict(zip(COLUMNS, found)))
    return TwoFronts(
        by_ops=len(by_ops),
        by_cost=len(by_cost),
        both=len(by_ops) - len(rows),
        rows=pd.DataFrame(rows, columns=pd.Index(COLUMNS)),
    )


def _front(complete: pd.DataFrame, objective: Objective, other: Objective, measure: Measure) -> pd.DataFrame:
    """By rising cost; of equal networks the first by the `other` objective."""
    return front_of(complete.assign(number=complete[other.name].rank(method="first")), objective, measure)

"""The recommended network beside the hand-designed one that it replaces, in one sentence."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from results.entry import Entry
from results.front import Front
from results.hand_designed import hand_designed_names
from results.noise import CONFIDENT, margin_of
from results.run_config import RunConfig
from results.tables import completed, deciding_accuracy, deciding_error, is_smoothed

COUNTED = {
    "ops": "OPs",
    "bops": "BOPs",
    "padded_bops": "padded BOPs",
    "bytes": "bytes of weights",
    "params": "parameters",
    "ram": "bytes of working memory",
}
"""What costs are numbers of."""


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """The network of best.json, and the hand-designed network that a user would take without a search.

    Args:
        name: of the hand-designed network; empty where there is none.
        accuracy, other_accuracy: of the recommended and of the hand-designed one, 0 to 1.
        cost, other_cost: likewise, of the run's objective.
        margin: the difference in accuracy that chance explains at 95 %; None where it was not measured.
        error: half of the interval that holds 95 % of the accuracy of the recommended one; None likewise.
        is_hand_designed: whether both are the same.
        is_expected: whether the accuracies are expected ones.
    """

    name: str
    accuracy: float
    other_accuracy: float
    cost: float
    other_cost: float
    margin: float | None
    error: float | None
    is_hand_designed: bool = False
    is_expected: bool = False

    @property
    def gain(self) -> float:
        """In accuracy."""
        return self.accuracy - self.other_accuracy

    @property
    def is_alike(self) -> bool:
        """Whether the accuracies differ by no more than chance explains."""
        return abs(self.gain) <= (self.margin or 0)

    @property
    def is_as_cheap(self) -> bool:
        """Whether the costs differ by less than is shown of them."""
        return abs(1 - self.cost / self.other_cost) < 0.0005

    def text(self, objective: str) -> str:
        """The sentence, with the name of the cost in `space.objective.OBJECTIVES`."""
        if self.is_hand_designed:
            return f"The hand-designed {self.name} is the best choice found so far."
        if not self.name:
            return "There is no hand-designed network to compare with."
        cost = self._cost(objective)
        if self.cost >= self.other_cost and (self.is_alike or self.gain < 0):
            better = "Not shown to be better" if self.is_alike and self.gain else "No better"
            return f"{better} than the hand-designed {self.name}: {cost} {self._accuracy()}."
        than = "as" if self.is_as_cheap else "than"
        return f"{cost[0].upper()}{cost[1:]} {than} the hand-designed {self.name} {self._accuracy()}."

    def _cost(self, objective: str) -> str:
        """Such as ``27% fewer OPs`` or ``the same OPs``."""
        if self.is_as_cheap:
            return f"the same {'latency' if objective == 'latency' else COUNTED[objective]}"
        change, is_less = abs(1 - self.cost / self.other_cost), self.cost < self.other_cost
        share = f"{change:.0%}" if change >= 0.01 else f"{change:.1%}"
        if objective == "latency":
            return f"{share} {'lower' if is_less else 'higher'} latency"
        return f"{share} {'fewer' if is_less else 'more'} {COUNTED[objective]}"

    def _accuracy(self) -> str:
        both = f"{self.accuracy:.1%} against {self.other_accuracy:.1%}"
        expected = "expected " if self.is_expected else ""
        if self.is_alike and self.gain:
            noise = "" if self.margin is None else f", ± {self.margin * 100:.1f} points"
            return f"and {expected}accuracies that cannot be told apart ({both}{noise})"
        if self.is_alike:
            return f"at the same {expected}accuracy ({both})"
        margin = "" if self.margin is None else f" ± {self.margin * 100:.1f}"
        more = "higher" if self.gain > 0 else "lower"
        points = f"at an {expected}accuracy {abs(self.gain) * 100:.1f}{margin} points {more} ({both})"
        return points if margin else f"{points}; the noise was not measured"


def recommendation_of(best: Entry, trials: pd.DataFrame, front: Front, config: RunConfig) -> Recommendation:
    """Of the network of best.json, among the trials of its run.

    The hand-designed network to compare with is the cheapest that is at least as accurate, within noise; where none is,
    the most accurate.
    """
    complete = completed(trials)
    costs, accuracies = complete[config.objective].to_numpy(float), deciding_accuracy(complete, config.measure)
    keys, is_hand = complete["key"].tolist(), (complete["source"] == "baseline").to_numpy(bool)
    mine = keys.index(best.key)
    errors = deciding_error(complete, front.noise)
    margins = margin_of(float(errors[mine]), errors)
    if is_hand[mine]:
        other = mine
    elif (good := np.flatnonzero(is_hand & (accuracies >= accuracies[mine] - np.nan_to_num(margins)))).size:
        other = good[costs[good].argmin()]
    elif is_hand.any():
        other = np.flatnonzero(is_hand)[accuracies[is_hand].argmax()]
    else:
        other = None
    return Recommendation(
        name="" if other is None else hand_designed_names(config).get(keys[other]) or str(keys[other]),
        accuracy=float(accuracies[mine]),
        other_accuracy=0.0 if other is None else float(accuracies[other]),
        cost=float(costs[mine]),
        other_cost=0.0 if other is None else float(costs[other]),
        margin=None if other is None or np.isnan(margins[other]) else float(margins[other]),
        error=None if np.isnan(errors[mine]) else CONFIDENT * float(errors[mine]),
        is_hand_designed=bool(is_hand[mine]),
        is_expected=is_smoothed(complete, config.measure),
    )

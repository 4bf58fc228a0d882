"""The front of accuracy against cost, and what follows from it. Accuracy is to be high, cost low."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def on_front(accuracy: ArrayLike, cost: ArrayLike) -> NDArray[np.bool_]:
    """Which of n points no other beats: at least as good in both, better in one. Equal points all stay.

    Args:
        accuracy, cost: (n,) each; a point with a NaN is never on the front.
    """
    accuracy, cost = np.asarray(accuracy, float), np.asarray(cost, float)
    is_on_front = np.zeros(len(accuracy), bool)
    finite = np.flatnonzero(~np.isnan(accuracy) & ~np.isnan(cost))
    order = finite[np.lexsort((-accuracy[finite], cost[finite]))]
    points = np.stack((accuracy[order], cost[order]), axis=1)
    is_new = np.append(True, (points[1:] != points[:-1]).any(axis=1))[: len(points)]
    best_before = np.append(-np.inf, np.maximum.accumulate(points[is_new, 0]))[:-1]
    is_on_front[order] = (points[is_new, 0] > best_before)[np.cumsum(is_new) - 1]
    return is_on_front


def front_rows(accuracy: ArrayLike, cost: ArrayLike) -> NDArray[np.intp]:
    """Indices of the points that no other beats, by rising cost; of equal points the first."""
    cost = np.asarray(cost, float)
    rows = np.flatnonzero(on_front(accuracy, cost))
    rows = rows[np.argsort(cost[rows], kind="stable")]
    return rows[np.diff(cost[rows], prepend=np.nan) != 0]  # on a front, points of the same cost are equal


def hypervolume(accuracy: ArrayLike, cost: ArrayLike, *, reference: tuple[float, float]) -> float:
    """The share of the box between `reference` and (accuracy 1, cost 0) that the points dominate, 0 to 1.

    Args:
        accuracy, cost: (n,) each.
        reference: (accuracy, cost) of the box's worst corner; points beyond it add nothing.
    """
    accuracy, cost = np.asarray(accuracy, float), np.asarray(cost, float)
    worst_accuracy, worst_cost = reference
    keep = on_front(accuracy, cost) & (accuracy > worst_accuracy) & (cost < worst_cost)
    order = np.argsort(cost[keep])
    heights = accuracy[keep][order] - worst_accuracy
    widths = np.diff(np.append(cost[keep][order], worst_cost))
    return float((heights * widths).sum() / ((1 - worst_accuracy) * worst_cost))


def mean_within_budget(accuracy: ArrayLike, cost: ArrayLike, *, budgets: tuple[float, float], chance: float) -> float:
    """The accuracy of the best point within a budget, in the mean over budgets drawn evenly from their logarithms.

    A user with a small budget counts as much as one with a large one; hypervolume weighs by cost itself.

    Args:
        accuracy, cost: (n,) each.
        budgets: the lowest and the highest, both above 0; the one budget where they are equal.
        chance: what counts where no point is within the budget, or none is better.
    """
    accuracy, cost = np.asarray(accuracy, float), np.asarray(cost, float)
    lowest, highest = np.log(budgets)
    front = on_front(accuracy, cost) & (accuracy > chance)
    order = np.argsort(cost[front])
    levels = np.append(chance, accuracy[front][order])
    if lowest == highest:
        return float(levels[np.append(0, cost[front][order]) <= budgets[1]].max())
    steps = np.log(np.clip(cost[front][order], *budgets))
    return float(levels @ np.diff(steps, prepend=lowest, append=highest) / (highest - lowest))


def knee(accuracy: ArrayLike, cost: ArrayLike) -> int:
    """Index of the front's point farthest above the line between its two ends, accuracy over log cost.

    Where none is above it, the most accurate.

    Args:
        accuracy, cost: (n,) each, at least one of them finite.
    """
    accuracy, cost = np.asarray(accuracy, float), np.log(np.asarray(cost, float))
    front = front_rows(accuracy, cost)
    rise = accuracy[front] - accuracy[front[0]]
    run = cost[front] - cost[front[0]]
    slope = rise[-1] / run[-1] if run[-1] > 0 else 0.0
    above = rise - slope * run
    return int(front[np.argmax(above) if above.max() > 1e-12 else -1])

"""The front of accuracy against cost, and what follows from it. Accuracy is to be high, cost low."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def on_front(accuracy: ArrayLike, ops: ArrayLike) -> NDArray[np.bool_]:
    """Which of n points no other beats: at least as good in both, better in one. Equal points all stay.

    Args:
        accuracy, ops: (n,) each; a point with a NaN is never on the front.
    """
    accuracy, ops = np.asarray(accuracy, float), np.asarray(ops, float)
    found = np.zeros(len(accuracy), bool)
    known = np.flatnonzero(~np.isnan(accuracy) & ~np.isnan(ops))
    order = known[np.lexsort((-accuracy[known], ops[known]))]
    points = np.stack((accuracy[order], ops[order]), axis=1)
    is_new = np.append(True, (points[1:] != points[:-1]).any(axis=1))[: len(points)]
    best_before = np.append(-np.inf, np.maximum.accumulate(points[is_new, 0]))[:-1]
    found[order] = (points[is_new, 0] > best_before)[np.cumsum(is_new) - 1]
    return found


def hypervolume(accuracy: ArrayLike, ops: ArrayLike, *, reference: tuple[float, float]) -> float:
    """The share of the box between `reference` and (accuracy 1, OPs 0) that the points dominate, 0 to 1.

    Args:
        accuracy, ops: (n,) each.
        reference: (accuracy, OPs) of the box's worst corner; points beyond it add nothing.
    """
    accuracy, ops = np.asarray(accuracy, float), np.asarray(ops, float)
    worst_accuracy, worst_ops = reference
    keep = on_front(accuracy, ops) & (accuracy > worst_accuracy) & (ops < worst_ops)
    order = np.argsort(ops[keep])
    heights = accuracy[keep][order] - worst_accuracy
    widths = np.diff(np.append(ops[keep][order], worst_ops))
    return float((heights * widths).sum() / ((1 - worst_accuracy) * worst_ops))


def knee(accuracy: ArrayLike, ops: ArrayLike) -> int:
    """Index of the front's point farthest above the line between its two ends, accuracy against log OPs.

    Args:
        accuracy, ops: (n,) each, at least one of them finite.
    """
    accuracy, ops = np.asarray(accuracy, float), np.log(np.asarray(ops, float))
    front = np.flatnonzero(on_front(accuracy, ops))
    front = front[np.argsort(ops[front])]
    rise = accuracy[front] - accuracy[front[0]]
    run = ops[front] - ops[front[0]]
    slope = rise[-1] / run[-1] if run[-1] > 0 else 0.0
    return int(front[np.argmax(rise - slope * run)])

"""Halving: a training is stopped on its way where its network will hardly reach the front at its cost."""

import numpy as np
from numpy.typing import NDArray

SHARES = (1 / 3, 1 / 2, 2 / 3)
ENOUGH = 15
DOUBT = 2.0

Array = NDArray[np.float64]


def rungs_of(epochs: int) -> tuple[int, ...]:
    """After how many of `epochs` a training may be stopped."""
    return tuple(sorted({round(epochs * share) for share in SHARES} - {0, epochs}))


def bars(reached: Array, accuracy: Array, ops: Array, *, price: float) -> Array:
    """(r,) accuracies below which a training of a network of `price` OPs is stopped at r rungs; 0 stops none.

    To reach the front is to be better than every complete trial that costs no more. How a training ends is expected
    to follow from its accuracy at the rung along the line through the complete trials, and it is stopped if even
    `DOUBT` standard deviations above that line do not suffice. What was stopped has no end to learn from.

    Args:
        reached: (n, r) accuracies of n complete trials at the rungs.
        accuracy, ops: (n,) of the same.
    """
    rivals = accuracy[ops <= price]
    if len(accuracy) < ENOUGH or not len(rivals):
        return np.zeros(reached.shape[1])
    found = []
    for column in reached.T:
        spread = column - column.mean()
        slope = spread @ accuracy / max(spread @ spread, 1e-12)
        deviation = np.sqrt(((accuracy - accuracy.mean() - slope * spread) ** 2).sum() / (len(accuracy) - 2))
        lacking = rivals.max() - accuracy.mean() - DOUBT * deviation
        found.append(column.mean() + lacking / slope if slope > 0 else 0.0)
    return np.clip(found, 0.0, 1.0)

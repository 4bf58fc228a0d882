"""Halving: a training is stopped early where its network will hardly reach the front at its cost."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

SHARES = (1 / 3, 1 / 2, 2 / 3)
ENOUGH = 15
DOUBT = 2.0

Array = NDArray[np.float64]


def rungs_of(epochs: int) -> tuple[int, ...]:
    """After how many of `epochs` a training may be stopped."""
    return tuple(sorted({round(epochs * share) for share in SHARES} - {0, epochs}))


class Halving:
    """The complete trainings of a search, and the bars that they set for the next ones.

    Args:
        rungs: numbers of epochs after which a training may be stopped; without any, none is.
    """

    def __init__(self, rungs: tuple[int, ...]) -> None:
        self._rungs = rungs
        self._complete: dict[int, tuple[list[float], float, float]] = {}

    def add(self, number: int, reached: Mapping[int, float], accuracy: float, price: float) -> None:
        """A trial is complete.

        Args:
            number: the trial's.
            reached: by number of epochs, its accuracy at the rungs.
            accuracy: its last.
            price: of its network.
        """
        if self._rungs:
            self._complete[number] = [reached[epochs] for epochs in self._rungs], accuracy, price

    def bars(self, price: float) -> dict[int, float]:
        """By number of epochs, the accuracy below which a training of a network of this price is stopped there."""
        trials = [trial for _, trial in sorted(self._complete.items())]  # sums do not depend on the order of the ends
        if not trials:
            return dict.fromkeys(self._rungs, 0.0)
        reached, accuracy, prices = map(np.array, zip(*trials))
        return dict(zip(self._rungs, bars(reached, accuracy, prices, price=price).tolist()))


def bars(reached: Array, accuracy: Array, prices: Array, *, price: float) -> Array:
    """(r,) accuracies below which a training of a network of `price` is stopped at r rungs; 0 stops none.

    To reach the front is to be better than every complete trial that costs no more. The end of a training is predicted
    from its accuracy at the rung, along the regression line through the complete trials. It is stopped if even
    `DOUBT` standard deviations above that line do not suffice. Stopped trainings have no end to learn from.

    Args:
        reached: (n, r) accuracies of n complete trials at the rungs.
        accuracy, prices: (n,) of the same.
    """
    rivals = accuracy[prices <= price]
    if len(accuracy) < ENOUGH or not len(rivals):
        return np.zeros(reached.shape[1])
    levels = []
    for column in reached.T:
        spread = column - column.mean()
        slope = spread @ accuracy / max(spread @ spread, 1e-12)
        deviation = np.sqrt(((accuracy - accuracy.mean() - slope * spread) ** 2).sum() / (len(accuracy) - 2))
        lacking = rivals.max() - accuracy.mean() - DOUBT * deviation
        levels.append(column.mean() + lacking / slope if slope > 0 else 0.0)
    return np.clip(levels, 0.0, 1.0)

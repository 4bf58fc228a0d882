"""How far two trainings of one network differ by chance."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

CONFIDENT = 1.96
"""Standard deviations either side that hold 95 % of what is drawn."""


@dataclass(frozen=True, kw_only=True)
class Noise:
    """The noise of one training.

    Args:
        std: the standard deviation of its accuracy between seeds.
        pairs: the number of networks that were trained twice to measure it.
    """

    std: float
    pairs: int


def noise_of(pairs: Sequence[tuple[float, float]]) -> Noise | None:
    """The noise, from accuracies of the same network under two seeds, pooled over the pairs; None without pairs."""
    if not pairs:
        return None
    differences = np.subtract(*np.transpose(pairs))
    return Noise(std=float(np.sqrt((differences**2).mean() / 2)), pairs=len(pairs))


def margin_of(error: float, others: ArrayLike) -> NDArray[np.float64]:
    """The difference of accuracies with these standard errors, of one and of others, that chance explains at 95 %."""
    return CONFIDENT * np.hypot(error, others)


def standard_error(share: float, images: int) -> float:
    """Of an accuracy in 0..1 that was measured on so many images, each right or wrong by itself: binomial."""
    return (share * (1 - share) / images) ** 0.5

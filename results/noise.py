"""How far two trainings of one network differ by chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

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


Errors = TypeVar("Errors", float, NDArray[np.float64])


def margin_of(error: float, other: Errors) -> Errors:
    """The difference that chance explains at 95 %, of two accuracies with these standard errors."""
    return CONFIDENT * np.hypot(error, other)


def standard_error(share: float, images: int) -> float:
    """Of an accuracy in 0..1 that was measured on so many images, each right or wrong by itself: binomial."""
    return (share * (1 - share) / images) ** 0.5

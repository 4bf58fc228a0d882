"""Whether chance explains a difference."""

from collections.abc import Sequence
from math import comb

import numpy as np
from numpy.typing import NDArray


def mann_whitney(first: Sequence[float], second: Sequence[float]) -> float:
    """p of Mann and Whitney's U test, two-sided ("On a test of whether one of two random variables is...", 1947).

    Exact where one side has at most eight numbers and none is there twice, else by the normal approximation.
    """
    from scipy.stats import mannwhitneyu  # slow to load

    return float(mannwhitneyu(first, second, alternative="two-sided").pvalue)


def least_p(first: int, second: int) -> float:
    """The least p that the exact test can give with so many numbers on each side."""
    return min(1.0, 2 / comb(first + second, first))


def holm(p_values: Sequence[float]) -> NDArray[np.float64]:
    """(n,) p after Holm's step-down correction ("A simple sequentially rejective multiple test procedure", 1979)."""
    p = np.array(p_values, float)
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    return np.minimum(stepped, 1)[np.argsort(order)]

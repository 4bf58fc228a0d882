"""Expected hypervolume improvement of points with a certain cost and a predicted accuracy."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from results.pareto import on_front

Array = NDArray[np.float64]


def expected_improvement(
    mean: Array, deviation: Array, cost: Array, *, front: tuple[Array, Array], reference: tuple[float, float]
) -> Array:
    """By how much each of n points is expected to raise the area that the front's points dominate, (n,).

    Let F(x) be the best accuracy so far at a cost of at most x, and no less than the reference A. It has the steps
    t_0 = A < t_1 < ... < t_m, the accuracies on the front, which begin at the costs -inf = c_0 < c_1 < ... < c_m, and
    the last of which ends at the reference C = c_(m+1). A point of cost c and accuracy a adds what lies between F and
    a, from c to C:

        I(c, a) = integral of (a - F(x))^+ dx = sum over i of w_i(c) (a - t_i)^+,   w_i(c) = (c_(i+1) - max(c_i, c))^+

    Its expectation over a ~ Normal(mu, sigma) has, for z_i = (mu - t_i) / sigma, the density phi and distribution Phi,

        E[(a - t_i)^+] = sigma (z_i Phi(z_i) + phi(z_i))

    It is the criterion of Emmerich, Deutz and Klinkenberg ("Hypervolume-based expected improvement", CEC 2011) with
    one of two objectives certain.

    Args:
        mean, deviation: (n,) each, of the normal distribution of a point's accuracy; a deviation may be 0.
        cost: (n,), exact.
        front: accuracies and costs so far, (m,) each, finite; points that others dominate change nothing.
        reference: the worst accuracy and the worst cost that count.

    Returns:
        Areas, in units of accuracy times cost.
    """
    worst_accuracy, worst_cost = reference
    accuracies, costs = front
    keep = on_front(accuracies, costs) & (accuracies > worst_accuracy) & (costs < worst_cost)
    starts, first = np.unique(costs[keep], return_index=True)
    steps = np.append(worst_accuracy, accuracies[keep][first])
    starts, ends = np.append(-np.inf, starts), np.append(starts, worst_cost)
    widths = np.maximum(ends - np.maximum(starts, cost[:, None]), 0)
    return (widths * _excess(mean[:, None] - steps, deviation[:, None])).sum(1)


def _excess(margin: Array, deviation: Array) -> Array:
    """E[(margin + deviation * standard normal)^+]."""
    with np.errstate(over="ignore"):  # where the deviation is 0
        z = margin / np.maximum(deviation, np.finfo(float).tiny)
        density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    return margin * ndtr(z) + deviation * density

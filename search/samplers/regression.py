"""The accuracy of networks that were not trained, from those that were."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

NOISE_SHAPE, NOISE_RATE = 1.0, 0.3
VAGUE = 1e-6
TOLERANCE, STEPS = 1e-4, 300

Array = NDArray[np.float64]


class Predictor:
    """Linear in the features, by Bayesian ridge regression (MacKay, "Bayesian interpolation", 1992).

    Accuracies y, scaled to a spread of 1, are X w with weights w ~ N(0, 1 / b) and noise ~ N(0, 1 / a). The evidence
    chooses a and b from the eigenvalues s of X'X alone, so that time hardly grows with the number of networks:

        g = sum of a s / (a s + b),   b = g / |w|^2,   a = (n - g + 2 NOISE_SHAPE) / (|y - X w|^2 + 2 NOISE_RATE)

    The prior of the noise, of about half the spread of all accuracies, weighs as much as two networks. Without one,
    the noise of a few networks, fewer than features, would be 0.

    Args:
        features: (n, f) of the networks that were trained.
        accuracy: (n,), what they reached, noise included.
    """

    def __init__(self, features: Array, accuracy: Array) -> None:
        self._centre, self._mean = features.mean(0), accuracy.mean()
        self._scale = accuracy.std() if np.ptp(accuracy) else 1.0  # the deviation of equal ones may round to above 0
        y = (accuracy - self._mean) / self._scale
        moments = features.T @ features - len(y) * np.outer(self._centre, self._centre)
        s, self._basis = eigh(moments)
        s = s.clip(0)
        projected = self._basis.T @ (features.T @ y)
        a = b = 1.0
        w = projected / (s + b / a)
        for _ in range(STEPS):
            g = (a * s / (a * s + b)).sum()
            misfit = max(0.0, y @ y - w @ (2 * projected - s * w))
            b = (g + 2 * VAGUE) / (w @ w + 2 * VAGUE)
            a = (len(y) - g + 2 * NOISE_SHAPE) / (misfit + 2 * NOISE_RATE)
            before, w = w, projected / (s + b / a)
            if np.abs(w - before).sum() < TOLERANCE:
                break
        self._weights, self._variance = self._basis @ w, 1 / (a * s + b)

    def __call__(self, features: Array) -> tuple[Array, Array]:
        """Mean and standard deviation, (k,) each, of the noiseless accuracies of k networks, from (k, f) features."""
        centred = features - self._centre
        variance = (centred @ self._basis) ** 2 @ self._variance
        return self._mean + self._scale * (centred @ self._weights), self._scale * np.sqrt(variance)

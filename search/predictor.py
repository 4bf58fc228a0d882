"""The accuracy of networks that were not trained, from those that were."""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import BayesianRidge

NOISE_SHAPE, NOISE_RATE = 1.0, 0.3

Array = NDArray[np.float64]


class Predictor:
    """Linear in the features, by Bayesian ridge regression (MacKay, "Bayesian interpolation", 1992).

    It learns from the same accuracies how strong the noise is; its prior, of about half the spread of all accuracies,
    weighs as much as two networks. Without one, the noise of a few networks, fewer than features, would be 0.

    Args:
        features: (n, f) of the networks that were trained.
        accuracy: (n,), what they reached, noise included.
    """

    def __init__(self, features: Array, accuracy: Array) -> None:
        self._centre, self._mean, self._scale = features.mean(0), accuracy.mean(), accuracy.std() or 1.0
        self._model = BayesianRidge(alpha_1=NOISE_SHAPE, alpha_2=NOISE_RATE)
        self._model.fit(features - self._centre, (accuracy - self._mean) / self._scale)

    def __call__(self, features: Array) -> tuple[Array, Array]:
        """Mean and standard deviation of what k networks reach but for noise, (k,) each, from (k, f) features."""
        mean, deviation = self._model.predict(features - self._centre, return_std=True)
        doubt = np.maximum(deviation**2 - 1 / self._model.alpha_, 0)
        return self._mean + self._scale * mean, self._scale * np.sqrt(doubt)

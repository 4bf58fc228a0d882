"""What a network is expected to reach: the accuracy of its trial, less the luck of one training."""

import numpy as np

from search.samplers.encoding import Encoding, Rows
from search.samplers.regression import Array, Predictor

ENOUGH = 20


def expected_accuracy(encoding: Encoding, rows: Rows, accuracy: Array) -> Array:
    """(n,) accuracies that a regression on the genes makes of those measured.

    Of many networks trained once the most accurate are the lucky ones, so a front of measured accuracies holds
    networks that do not belong there and promises too much. Too few trials, below `ENOUGH`, are left as they are.

    Args:
        encoding: of the genes.
        rows: (n, g), the networks.
        accuracy: (n,), measured.
    """
    if len(accuracy) < ENOUGH:
        return accuracy
    features = encoding.features(rows)
    return np.clip(Predictor(features, accuracy)(features)[0], 0, 1)

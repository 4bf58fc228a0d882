"""Accuracies smoothed by a regression over all trials, so that one lucky training does not decide.

The path of the accuracy that decides: `search.outputs` asks for smoothed tables where the evaluator's accuracies are
noisy; `search.study.tables` then fills the column `expected` with `expected_accuracy`;
`results.tables.deciding_accuracy` takes that column where it is filled, and the measured accuracy elsewhere, for the
front and for `best.json`.
"""

import numpy as np

from search.samplers.encoding import Encoding, Rows
from search.samplers.regression import Array, Predictor

ENOUGH = 20


def expected_accuracy(encoding: Encoding, rows: Rows, accuracy: Array) -> tuple[Array, Array]:
    """Accuracies that a regression on the genes predicts for networks, from those measured of the same networks.

    Of many networks trained once, the most accurate had luck. So a front of measured accuracies holds networks that do
    not belong there, and promises too much.

    Args:
        encoding: of the genes.
        rows: (n, g), the networks.
        accuracy: (n,), measured.

    Returns:
        (n,) accuracies and their (n,) standard deviations. Fewer than `ENOUGH` accuracies are returned as they are,
        with NaN.
    """
    if len(accuracy) < ENOUGH:
        return accuracy, np.full(len(accuracy), np.nan)
    features = encoding.features(rows)
    mean, std = Predictor(features, accuracy)(features)
    return np.clip(mean, 0, 1), std

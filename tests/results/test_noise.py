"""The noise between two trainings of one network."""

import numpy as np
import pytest

from results.noise import margin_of, noise_of


def test_noise_of_known_noise():
    rng = np.random.default_rng(0)
    truth = rng.uniform(0.5, 0.9, 20000)
    pairs = list(zip(truth + rng.normal(0, 0.014, 20000), truth + rng.normal(0, 0.014, 20000)))
    noise = noise_of(pairs)
    assert noise.std == pytest.approx(0.014, rel=0.03)
    assert noise.pairs == 20000


def test_the_margin_holds_95_percent_of_differences():
    rng = np.random.default_rng(0)
    differences = rng.normal(0, 0.03, 100_000) - rng.normal(0, 0.04, 100_000)
    assert (np.abs(differences) < margin_of(0.03, 0.04)).mean() == pytest.approx(0.95, abs=0.003)


def test_noise_in_closed_form():
    # Within one pair the unbiased variance is half the squared difference; pooled, their mean.
    pairs = [(0.80, 0.82), (0.70, 0.66), (0.5, 0.5)]
    assert noise_of(pairs).std == pytest.approx(np.sqrt(np.mean([np.var(pair, ddof=1) for pair in pairs])))
    assert noise_of([]) is None

"""Predicted accuracies, and the doubt about them."""

import warnings

import numpy as np
import pytest
from sklearn.linear_model import BayesianRidge

from search.samplers.regression import Predictor

NOISE = 0.006


def additive(seed, count):
    """(n, 40) features and the (n,) accuracies of an additive truth."""
    rng = np.random.default_rng(seed)
    features = rng.integers(2, size=(count, 40)).astype(float)
    return features, 0.6 + features @ np.random.default_rng(99).normal(0, 0.01, 40)


def trained(seed, count):
    features, truth = additive(seed, count)
    accuracy = truth + np.random.default_rng(seed).normal(0, NOISE, count)
    return Predictor(features, accuracy)


def test_an_additive_truth_is_recovered():
    features, truth = additive(1, 1000)
    errors = []
    for count in (30, 150):
        mean, deviation = trained(0, count)(features)
        errors.append(np.std(mean - truth))
        assert 0.85 < np.mean(np.abs(mean - truth) < 2 * deviation) <= 1
    assert errors[0] < 0.8 * truth.std() and errors[1] < NOISE


def test_noise_is_not_doubt():
    features = np.repeat(np.eye(3), 100, axis=0)
    accuracy = np.repeat([0.2, 0.5, 0.9], 100) + np.random.default_rng(0).normal(0, 0.05, 300)
    mean, deviation = Predictor(features, accuracy)(np.eye(3))
    assert mean == pytest.approx([0.2, 0.5, 0.9], abs=0.02)
    assert (deviation > 0.002).all() and (deviation < 0.01).all()  # 0.05 / 10


def test_doubt_is_of_what_was_not_seen():
    features, _ = additive(0, 50)
    features[:, 0] = 0
    found = Predictor(features, features.sum(1) / 100)
    _, deviation = found(np.concatenate([features, features + np.eye(40)[0]]))
    assert deviation[:50].max() < 0.6 * deviation[50:].min()


def test_few_networks_leave_doubt():
    features, truth = additive(1, 500)
    mean, deviation = trained(0, 12)(features)
    assert 0.5 < np.std((mean - truth) / deviation) < 2


@pytest.mark.parametrize("count, share", [(12, 0.25), (17, 0.1), (11, 0.3)])  # the mean of 11 times 0.3 is not 0.3
def test_equal_accuracies_are_predicted_without_complaint(count, share):
    features, _ = additive(0, count)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mean, deviation = Predictor(features, np.full(count, share))(features)
    assert mean == pytest.approx(np.full(count, share)) and np.isfinite(deviation).all()


@pytest.mark.parametrize("count", [8, 40, 41, 400])
def test_it_is_scikit_learns_bayesian_ridge(count):
    features, accuracy = additive(2, count)
    features[:, 7] = 1  # of no use
    accuracy = accuracy + np.random.default_rng(3).normal(0, NOISE, count)
    scaled = (accuracy - accuracy.mean()) / accuracy.std()
    slow = BayesianRidge(alpha_1=1.0, alpha_2=0.3, tol=1e-8).fit(features, scaled)
    unseen, _ = additive(4, 100)
    expected, with_noise = slow.predict(unseen, return_std=True)
    mean, deviation = Predictor(features, accuracy)(unseen)
    assert mean == pytest.approx(accuracy.mean() + accuracy.std() * expected, abs=1e-5)
    assert deviation == pytest.approx(accuracy.std() * np.sqrt(with_noise**2 - 1 / slow.alpha_), abs=1e-5)

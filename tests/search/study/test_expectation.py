"""What a network is expected to reach, less the luck of one training."""

import numpy as np
import pytest
from fake_evaluators import Instant
from fakes import open_study

from results.pareto import hypervolume, on_front
from search.backends.local import InProcess
from search.loop import run_search
from search.samplers.encoding import Encoding
from search.study.expectation import ENOUGH, expected_accuracy
from search.task import Failure

ENCODING = Encoding({f"gene{number}": ("a", "b", "c") for number in range(8)}, frozenset())


def searched(seed: int, count: int, noise: float):
    """Rows, (count, 8), their additive true accuracies, the measured ones, and additive costs."""
    rng = np.random.default_rng(seed)
    rows = ENCODING.draw(rng, count)
    gains, costs = rng.normal(0, 0.01, (8, 3)), rng.uniform(50, 150, (8, 3))
    truth, ops = (each[np.arange(8), rows].sum(1) for each in (gains, costs))
    return rows, 0.8 + truth, 0.8 + truth + rng.normal(0, noise, count), ops


def test_without_noise_an_additive_accuracy_is_its_own_expectation():
    rows, truth, _, _ = searched(0, 200, 0.0)
    assert expected_accuracy(ENCODING, rows, truth)[0] == pytest.approx(truth, abs=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_expectations_are_nearer_to_the_truth(seed):
    rows, truth, measured, _ = searched(seed, 150, 0.02)
    expected, _ = expected_accuracy(ENCODING, rows, measured)
    assert np.abs(expected - truth).mean() < 0.6 * np.abs(measured - truth).mean()


def test_the_front_of_expectations_is_the_better_one_and_promises_less():
    better, promises = [], []
    for seed in range(20):
        rows, truth, measured, ops = searched(seed, 150, 0.02)
        expected, _ = expected_accuracy(ENCODING, rows, measured)
        reference = 0.5, ops.max()
        by_luck, by_expectation = (
            hypervolume(truth[front], ops[front], reference=reference)
            for front in (on_front(measured, ops), on_front(expected, ops))
        )
        better.append(by_expectation > by_luck)
        promises.append([hypervolume(each, ops, reference=reference) for each in (measured, expected, truth)])
    assert np.mean(better) >= 0.75
    measured, expected, truth = np.mean(promises, axis=0)
    assert abs(expected - truth) < 0.5 * (measured - truth)


def test_few_networks_are_left_as_measured():
    rows, _, measured, _ = searched(0, ENOUGH, 0.02)
    few, deviations = expected_accuracy(ENCODING, rows[:-1], measured[:-1])
    assert few.tolist() == measured[:-1].tolist() and np.isnan(deviations).all()
    assert expected_accuracy(ENCODING, rows, measured)[0].tolist() != measured.tolist()
    assert expected_accuracy(ENCODING, np.empty((0, 8), int), np.empty(0))[0].tolist() == []


def test_expectations_are_accuracies():
    rows, _, measured, _ = searched(0, 100, 0.02)
    for shifted in (measured + 0.2, measured - 0.8):
        expected, _ = expected_accuracy(ENCODING, rows, np.clip(shifted, 0, 1))
        assert (expected >= 0).all() and (expected <= 1).all()


def test_a_study_expects_something_of_each_complete_trial(tmp_path):
    study = open_study(tmp_path)
    assert study.table(smoothed=True)["expected"].empty
    run_search(study, InProcess(Instant()), trials=30, on_trial=lambda *_: None)
    failed = study.ask()
    study.tell(failed.number, Failure(reason="diverged"))
    study.ask()
    table = study.table(smoothed=True)
    expected = table["expected"].dropna()
    assert expected.index.tolist() == list(range(30)) and expected.between(0, 1).all()
    assert expected.std() < table["accuracy"].std()  # accuracies of the fakes are only luck
    assert study.table()["expected"].isna().all()

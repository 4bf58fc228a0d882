"""Expected improvement: the closed form against cases by hand, against areas, and against draws."""

import numpy as np
import pytest
from scipy.stats import norm

from results.pareto import hypervolume
from search.samplers.improvement import expected_improvement

FRONT = np.array([0.5, 0.7]), np.array([10.0, 20.0])
NOTHING = np.empty(0), np.empty(0)


def improvement(mean, deviation, cost, front=FRONT, reference=(0.2, 30.0)):
    arrays = np.atleast_1d(*np.broadcast_arrays(mean, deviation, cost))
    return expected_improvement(*(np.asarray(a, float) for a in arrays), front=front, reference=reference)


def gains(accuracy, cost, front, reference):
    """What each point alone adds to the area, by the report's hypervolume."""

    def area(accuracy, cost):
        return hypervolume(accuracy, cost, reference=reference) * (1 - reference[0]) * reference[1]

    accuracies, costs = front
    before = area(accuracies, costs)
    return [area([*accuracies, a], [*costs, c]) - before for a, c in zip(accuracy, cost)]


def test_certain_points_by_hand():
    cases = [
        (0.6, 15.0, 0.1 * 5),  # above 0.5 up to where 0.7 begins
        (0.8, 5.0, 0.6 * 5 + 0.3 * 10 + 0.1 * 10),  # above the reference, then 0.5, then 0.7
        (0.9, 29.0, 0.2 * 1),
        (0.4, 8.0, 0.2 * 2),
        (0.4, 15.0, 0),  # beaten
        (0.5, 10.0, 0),  # equal
        (0.7, 25.0, 0),
        (0.2, 1.0, 0),  # no better than the reference, or as dear
        (0.9, 30.0, 0),
        (0.9, 50.0, 0),
    ]
    accuracy, cost, expected = np.array(cases).T
    assert improvement(accuracy, 0, cost) == pytest.approx(expected, abs=1e-12)


def test_an_uncertain_point_by_hand():
    half = 1 / np.sqrt(2 * np.pi)  # E[z^+]
    assert improvement(0.2, 0.1, 25.0, front=NOTHING) == pytest.approx(5 * 0.1 * half)
    beyond = norm.pdf(2) - 2 * norm.sf(2)  # E[(z - 2)^+]
    assert improvement(0.5, 0.1, 10.0) == pytest.approx(10 * 0.1 * half + 10 * 0.1 * beyond)


@pytest.mark.parametrize("seed", range(5))
def test_certain_points_add_the_area_that_the_report_measures(seed):
    rng = np.random.default_rng(seed)
    front = rng.random(30), rng.uniform(1, 40, 30)
    accuracy, cost = rng.random(200), rng.uniform(0, 40, 200)
    found = improvement(accuracy, 0, cost, front=front)
    assert (
        found == pytest.approx(gains(accuracy, cost, front, (0.2, 30.0)), abs=1e-9)
        and (found > 0).any()
        and (found == 0).any()
    )


@pytest.mark.parametrize("seed", range(2))
def test_the_expectation_is_the_mean_over_draws(seed):
    rng = np.random.default_rng(seed)
    front = rng.uniform(0.3, 0.6, 20), rng.uniform(5, 35, 20)
    mean, deviation, cost = rng.uniform(0.4, 0.7, 5), rng.uniform(0.01, 0.06, 5), rng.uniform(2, 29, 5)
    standard = norm.ppf((np.arange(1000) + 0.5) / 1000)
    drawn = [
        np.mean(gains(m + d * standard, np.full(1000, c), front, (0.1, 30.0))) for m, d, c in zip(mean, deviation, cost)
    ]
    found = improvement(mean, deviation, cost, front=front, reference=(0.1, 30.0))
    assert found == pytest.approx(drawn, rel=2e-3, abs=2e-4) and max(drawn) > 0.1


def test_doubt_and_thrift_never_hurt():
    deviations, costs = np.linspace(0, 0.3, 50), np.linspace(40, 0, 50)
    for found in (improvement(0.55, deviations, 12.0), improvement(0.55, 0.1, costs)):
        assert (found >= 0).all() and (np.diff(found) >= -1e-15).all() and found[-1] > found[0]


def test_hopeless_points_are_worth_nothing():
    assert (improvement([-50, 0.1, 0.1], [1e-3, 1e-9, 0], 11.0) == 0).all()


def test_points_of_the_front_may_be_equal_beaten_or_beyond_the_reference():
    accuracies, costs = FRONT
    more = np.append(accuracies, [0.5, 0.7, 0.6, 0.1, 0.95]), np.append(costs, [10, 20, 25, 1, 30])
    points = [0.6, 0.8, 0.75], 0.1, [15.0, 5.0, 22.0]
    assert improvement(*points, front=more) == pytest.approx(improvement(*points))

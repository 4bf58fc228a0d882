"""Tests of significance, by values worked out by counting."""

import pytest

from results.significance import holm, least_p, mann_whitney


def test_mann_whitney_by_counting():
    """Of the 20 ways to give three of six ranks to one side, two are as far apart as all against all."""
    assert mann_whitney([1, 2, 3], [4, 5, 6]) == pytest.approx(2 / 20)
    assert mann_whitney([4, 5, 6], [1, 2, 3]) == pytest.approx(2 / 20)
    # U is 1: ranks 1, 2, 4; one way each to U = 0 and 1, doubled.
    assert mann_whitney([1, 2, 4], [3, 5, 6]) == pytest.approx(4 / 20)
    assert mann_whitney([1, 4], [2, 3]) == pytest.approx(1)


def test_the_least_p_is_that_of_groups_without_overlap():
    for first, second in ((2, 2), (3, 3), (5, 4)):
        apart = mann_whitney(range(first), range(first, first + second))
        assert least_p(first, second) == pytest.approx(apart)


def test_holm_by_hand():
    """The least times 3, the next times 2; none below the one before it."""
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == pytest.approx([1, 1])
    assert len(holm([])) == 0

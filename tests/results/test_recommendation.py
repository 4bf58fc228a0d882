"""The recommendation beside the hand-designed network that it replaces."""

import pytest

from results.entry import Entry
from results.hand_designed import hand_designed_names
from results.noise import Noise
from results.recommendation import recommendation_of
from results.tables import STD, front_and_best
from space import Architecture
from space.objective import OBJECTIVES


@pytest.fixture
def recommend(make_trials, config):
    """From (source, accuracy, ops) of each trial, the first in best.json, to what is recommended."""

    def recommend(*rows, std=0.01, **columns):
        trials = make_trials(*(("complete", *row) for row in rows)).assign(**columns)
        found = front_and_best(trials, config, None if std is None else Noise(std=std, pairs=3))
        assert found
        best = Entry.of(trials.loc[0].to_dict(), config)
        return recommendation_of(best, trials, found[0], config)

    return recommend


def test_the_cheapest_hand_designed_one_within_noise_is_compared(recommend):
    """1.96 times the root of 2 times 1 %: 2.77 points. 88 % is within, 87 % is not."""
    found = recommend(("sampler", 0.9, 3000), ("baseline", 0.95, 9000), ("baseline", 0.88, 4000), ("baseline", 0.87, 2))
    assert found.margin == pytest.approx(0.0277, abs=1e-4)
    assert (found.other_cost, found.other_accuracy) == (4000, 0.88)
    assert found.text("ops").startswith("25% fewer OPs than the hand-designed ")
    assert found.text("ops").endswith("and accuracies that cannot be told apart (90.0% against 88.0%, ± 2.8 points).")


def test_one_that_costs_more_and_is_no_better_is_called_so(recommend):
    found = recommend(("sampler", 0.9, 3000), ("baseline", 0.89, 2000))
    assert found.text("ops").startswith("Not shown to be better than the hand-designed ")
    assert "50% more OPs and accuracies that cannot be told apart" in found.text("ops")


def test_equal_costs_are_called_the_same(recommend):
    found = recommend(("sampler", 0.9, 3000), ("baseline", 0.8, 3001))
    assert found.text("ops").startswith("The same OPs as the hand-designed ")
    found = recommend(("sampler", 0.9, 3000), ("baseline", 0.89, 3000))
    assert found.text("ops").startswith("Not shown to be better than the hand-designed ")
    assert ": the same OPs and accuracies that cannot be told apart" in found.text("ops")
    found = recommend(("sampler", 0.9, 3000), ("baseline", 0.9, 3000))
    assert found.text("ops").startswith("No better than the hand-designed ")
    assert ": the same OPs at the same accuracy (90.0% against 90.0%)." in found.text("ops")


def test_one_better_than_all_is_compared_with_the_most_accurate(recommend):
    found = recommend(("sampler", 0.9, 3000), ("baseline", 0.8, 2000), ("baseline", 0.85, 2400))
    text = found.text("ops")
    assert (
        text.startswith("25% more OPs than") and "at an accuracy 5.0 ± 2.8 points higher (90.0% against 85.0%)" in text
    )


def test_where_noise_was_not_measured_it_is_said(recommend):
    text = recommend(("sampler", 0.9, 3000), ("baseline", 0.95, 6000), std=None).text("ops")
    assert text.startswith("50% fewer OPs than") and "5.0 points lower" in text and "noise was not measured" in text
    text = recommend(("sampler", 0.9, 3000), ("baseline", 0.9, 6000), std=None).text("ops")
    assert text.endswith("at the same accuracy (90.0% against 90.0%).")


def test_half_of_its_interval_goes_with_the_accuracy(recommend):
    rows = ("sampler", 0.9, 3000), ("baseline", 0.88, 2000)
    assert recommend(*rows).error == pytest.approx(1.96 * 0.01) and recommend(*rows, std=None).error is None
    errors = {"expected": [0.9, 0.88], STD: [0.003, 0.004]}
    assert recommend(*rows, **errors).error == pytest.approx(1.96 * 0.003)


def test_the_errors_of_expected_accuracies_go_first(recommend):
    rows = ("sampler", 0.9, 3000), ("baseline", 0.88, 2000), ("baseline", 0.895, 4000)
    found = recommend(*rows, expected=[0.9, 0.88, 0.895], **{STD: [0.003, 0.004, 0.004]})
    assert (found.margin, found.other_cost) == (pytest.approx(1.96 * 0.005), 4000)


def test_accuracies_are_called_expected_where_they_are(recommend):
    rows = ("sampler", 0.9, 3000), ("baseline", 0.8, 4000)
    assert "at an accuracy 10.0 ± 2.8 points" in recommend(*rows).text("ops")
    assert "at an expected accuracy 12.0 ± 2.8 points" in recommend(*rows, expected=[0.9, 0.78]).text("ops")
    assert "and expected accuracies that cannot be told apart" in recommend(*rows, expected=[0.9, 0.89]).text("ops")


def test_a_hand_designed_best_and_none_at_all(recommend):
    assert "is the best choice" in recommend(("baseline", 0.9, 3000), ("sampler", 0.8, 2000)).text("ops")
    assert recommend(("sampler", 0.9, 3000)).text("ops").startswith("There is no hand-designed network")


def test_names_are_those_of_the_command(config):
    network = Architecture.uniform("mobilenet-8", block="mid", k=2, pool="avg")
    assert hand_designed_names(config)[network.key] == "mobinet-mid-k2"


def test_each_cost_has_words(recommend):
    found = recommend(("sampler", 0.9, 3000), ("baseline", 0.9, 4000))
    assert {name: found.text(name).partition(" than")[0] for name in OBJECTIVES} == {
        "ops": "25% fewer OPs",
        "bops": "25% fewer BOPs",
        "padded_bops": "25% fewer padded BOPs",
        "bytes": "25% fewer bytes of weights",
        "params": "25% fewer parameters",
        "ram": "25% fewer bytes of working memory",
        "latency": "25% lower latency",
    }

"""What the Pareto plot shows, without a renderer."""

import pandas as pd
import pytest

from results.noise import Noise
from results.points import Points, hover_text, pareto_info, published_points, retrained_points
from results.published import read_published
from results.tables import STD
from space import Architecture
from space.objective import Objective


@pytest.fixture
def info(trials, config):
    return pareto_info(trials, config=config, best_key=trials.loc[2, "key"])


def test_points_are_sorted_into_kinds_by_rising_cost(info):
    assert (info.front.cost, info.front.accuracy) == ((2000.5, 3000.0, 4000.0), (0.70, 0.80, 0.90))
    assert (info.dominated.cost, info.dominated.accuracy) == ((2000.5, 2500.0, 5000.0), (0.70, 0.60, 0.85))
    assert info.baselines.cost == (2000.5, 3000.0)
    assert (info.best.cost, info.best.accuracy) == ((4000.0,), (0.90,))


def test_a_dominated_baseline_is_a_baseline_only(make_trials, config):
    trials = make_trials(("complete", "baseline", 0.2, 9.0), ("complete", "sampler", 0.9, 1.0))
    info = pareto_info(trials, config=config, best_key=trials.loc[1, "key"])
    assert (info.front.cost, info.dominated.cost, info.baselines.cost) == ((1.0,), (), (9.0,))


def test_every_complete_trial_is_shown_and_no_other(info, trials):
    shown = [text for points in (info.front, info.dominated, info.baselines) for text in points.texts]
    for _, row in trials.iterrows():
        assert any(row["key"] in text for text in shown) == (row["state"] == "complete")


def test_accuracies_are_those_that_decide_with_their_errors(trials, config):
    """Expected ones where there are any; 95 % of a normal distribution lie within 1.96 standard deviations."""
    expected = trials.assign(expected=[0.75, 0.7, 0.8, 0.6, None, 0.65, 0.72])
    info = pareto_info(expected, config=config, best_key=trials.loc[2, "key"], noise=Noise(std=0.01, pairs=3))
    assert info.is_expected and info.height_title == "expected validation accuracy"
    assert (info.front.accuracy, info.baselines.accuracy) == ((0.72, 0.75, 0.8), (0.7, 0.75))
    assert info.dominated.accuracy == (0.65, 0.6)
    assert info.front.errors == pytest.approx([0.0196] * 3)
    own = pareto_info(expected.assign(**{STD: trials["ops"] / 1e5}), config=config, best_key="")
    assert own.front.errors == pytest.approx([1.96 * 0.020005, 1.96 * 0.03, 1.96 * 0.04])


def test_without_noise_there_are_no_errors(info):
    assert info.front.errors == () and info.height_title == "validation accuracy"


def test_hover_text_names_the_architecture_and_its_cost(trials, config):
    network = Architecture.uniform("mobilenet-8", block="mid", k=3, pool="min")
    row = trials.loc[0].copy()
    row[list(network.choices)] = list(network.choices.values())
    text = hover_text(row, config).replace("<br>", " ")
    for words in ("80.00%", "3,000 OPs", network.describe(), "64,000 padded", "678 bytes", row["key"], "baseline"):
        assert words in text


def test_texts_are_of_the_objective():
    latency = Objective(name="latency", unit="ms", title="latency (ms)", of=lambda *_: 1.0)
    row = {"cost": 12.0, "test": 0.5, "architecture": "a", "epochs": 3, "searched": 0.4, "key": "k"}
    points = retrained_points(pd.DataFrame([row]), latency)
    assert points.cost == (12.0,) and "at 12 ms<br>" in points.texts[0]
    assert published_points(read_published(), latency) == Points()

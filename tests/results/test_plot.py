"""The Pareto plot: its record without a renderer, and the drawing of it."""

import pytest

from results.plot import hover_text, pareto_figure, pareto_info
from space import Architecture


@pytest.fixture
def info(trials):
    return pareto_info(trials, family="mobinet", best_key=trials.loc[2, "key"])


def test_points_are_sorted_into_kinds_by_rising_ops(info):
    assert (info.front.ops, info.front.accuracy) == ((2000.5, 3000.0, 4000.0), (0.70, 0.80, 0.90))
    assert (info.dominated.ops, info.dominated.accuracy) == ((2000.5, 2500.0, 5000.0), (0.70, 0.60, 0.85))
    assert info.baselines.ops == (2000.5, 3000.0)
    assert (info.best.ops, info.best.accuracy) == ((4000.0,), (0.90,))


def test_a_dominated_baseline_is_a_baseline_only(make_trials):
    trials = make_trials(("complete", "baseline", 0.2, 9.0), ("complete", "sampler", 0.9, 1.0))
    info = pareto_info(trials, family="mobinet", best_key=trials.loc[1, "key"])
    assert (info.front.ops, info.dominated.ops, info.baselines.ops) == ((1.0,), (), (9.0,))


def test_every_complete_trial_is_shown_and_no_other(info, trials):
    shown = [text for points in (info.front, info.dominated, info.baselines) for text in points.texts]
    for _, row in trials.iterrows():
        assert any(row["key"] in text for text in shown) == (row["state"] == "complete")


def test_hover_text_names_the_architecture_and_its_cost(trials):
    network = Architecture.uniform("mobilenet-8", block="mid", k=3, pool="min")
    row = trials.loc[0].copy()
    row[list(network.choices)] = list(network.choices.values())
    text = hover_text(row, "mobinet").replace("<br>", " ")
    for words in ("80.00%", "3,000 OPs", network.describe(), "64,000 padded", "678 bytes", row["key"], "baseline"):
        assert words in text


def test_figure_draws_each_kind_once(info):
    figure = pareto_figure(info)
    traces = {trace.name: trace for trace in figure.data}
    assert traces["front"].line.shape == "hv"
    for name, points in (
        ("front", info.front),
        ("searched", info.dominated),
        ("hand-designed", info.baselines),
        ("best.json", info.best),
    ):
        trace = traces.pop(name)
        assert (tuple(trace.x), tuple(trace.y), tuple(trace.text)) == (points.ops, points.accuracy, points.texts)
    assert not traces

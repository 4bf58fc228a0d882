"""The drawing of the Pareto plot."""

from dataclasses import replace

import pytest

from results.noise import Noise
from results.plot import pareto_figure
from results.points import pareto_info
from space.objective import Objective


@pytest.fixture
def info(trials, config):
    return pareto_info(trials, config=config, best_key=trials.loc[2, "key"])


def test_figure_draws_each_kind_once(info):
    figure = pareto_figure(info)
    traces = {trace.name: trace for trace in figure.data}
    assert traces["front"].line.shape == "hv"
    for name, points in (
        ("front", info.front),
        ("searched", info.dominated),
        ("hand-designed", info.baselines),
        ("recommended", info.best),
    ):
        trace = traces.pop(name)
        assert (tuple(trace.x), tuple(trace.y), tuple(trace.text)) == (points.cost, points.accuracy, points.texts)
    assert not traces
    assert figure.layout.xaxis.title.text == "OPs = FLOPs + BOPs / 64"


def test_errors_are_bars_of_the_front(trials, config):
    info = pareto_info(trials, config=config, best_key="", noise=Noise(std=0.01, pairs=3))
    (front,) = (trace for trace in pareto_figure(info).data if trace.name == "front")
    assert front.error_y.array == info.front.errors and front.error_y.array


def test_another_objective_gives_the_axis(info):
    latency = Objective(name="latency", unit="ms", title="latency (ms)", of=lambda *_: 1.0)
    assert pareto_figure(replace(info, objective=latency)).layout.xaxis.title.text == "latency (ms)"


def test_other_networks_on_the_same_device_are_lines(trials, config):
    """At their latency; their accuracy is not known."""
    peers = {"MobileNet-v1 in float": 2e-3, "MobileNet-v1 in int8": 1.5e-3}
    settings = {"latency": {"unit": "s", "title": "latency (s) on here"}, "latency_peers": peers}
    config = replace(config, objective="latency", **settings)
    timed = trials.assign(latency=trials["ops"] / 1e6)
    figure = pareto_figure(pareto_info(timed, config=config, best_key=trials.loc[2, "key"]))
    lines = {trace.name: trace for trace in figure.data if trace.name.startswith("MobileNet-v1")}
    assert {name: set(line.x) for name, line in lines.items()} == {
        "MobileNet-v1 in float: 2 ms": {2e-3},
        "MobileNet-v1 in int8: 1.5 ms": {1.5e-3},
    }
    assert {line.line.dash for line in lines.values()} == {"dash", "dot"}
    by_ops = pareto_info(timed, config=replace(config, objective="ops"), best_key=trials.loc[2, "key"])
    assert not by_ops.peers

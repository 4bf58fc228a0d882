"""Samplers: new networks within the budget, the hand-designed ones first."""

from random import Random

import pytest
from fake_evaluators import Instant
from fakes import open_study, price, small_space

from search.backends.local import InProcess
from search.loop import run_search
from search.samplers import SAMPLERS
from search.samplers.fresh import Exhausted, distributions_of
from space import Architecture, load_space
from space.bounds import extreme

MEDIUM = {"block": ["pre", "mid"], "k": [0, 1], "pool": ["avg", "max"]}
LARGE = {"block": ["pre", "mid"], "k": [0, 1, 2], "pool": ["avg"]}


def search(study, trials):
    """Run to `trials` trials; the networks in the order of their proposal. More than asked for is an endless search."""
    networks = []

    def on_trial(task, outcome):
        networks.append(task.architecture)
        assert len(networks) <= trials

    run_search(study, InProcess(Instant()), trials=trials, on_trial=on_trial)
    return networks


def uniform(block: str, k: int) -> str:
    return Architecture.uniform("mobilenet-8", block=block, k=k, pool="avg").key


@pytest.mark.parametrize(
    "sampler, trials",
    [("tpe", 60), ("nsga2", 60), ("random", 60), ("gp", 17), ("evolution", 60), ("evolution-bins", 60), ("front", 30)],
)
def test_baselines_come_first_and_no_network_twice(tmp_path, sampler, trials):
    study = open_study(tmp_path, sampler=sampler)
    keys = [network.key for network in search(study, trials)]
    assert keys[:15] == [uniform(block, k) for block in ("pre", "mid", "post") for k in range(5)]
    assert len(set(keys)) == len(keys) == trials == len(study)
    assert study.table()["source"].tolist() == ["baseline"] * 15 + ["sampler"] * (trials - 15)


def test_random_proposals_are_spread_over_the_space(tmp_path):
    space = load_space().restrict(MEDIUM)
    networks = search(open_study(tmp_path, space), 50)[len(space.baselines()) :]
    for gene in space.genes:
        for choice in gene.choices if len(gene.choices) > 1 else ():
            assert 0.2 < sum(network.choices[gene.name] == choice for network in networks) / len(networks) < 0.8


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "random", "front"])
def test_nothing_above_the_budget_is_proposed(tmp_path, sampler):
    space = load_space().restrict(MEDIUM)
    budget = sorted(price(network).ops for network in space)[space.size // 10]
    networks = search(open_study(tmp_path, space, sampler=sampler, limit=budget), 25)
    assert len({network.key for network in networks}) == 25
    assert max(price(network).ops for network in networks) <= budget


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_small_space_is_searched_whole(tmp_path, sampler):
    space = small_space(layer0={"k": [0, 1, 2]}, layer1={"pool": ["avg", "max"]}, layer4={"block": ["mid", "post"]})
    keys = {
        Architecture.from_dict({**network.to_dict(), "genes": {**network.choices, **change}}).key
        for network in [Architecture.uniform("mobilenet-8", block="mid", k=0, pool="avg")]
        for change in [{"layer0.k": k, "layer1.pool": pool} for k in (0, 1, 2) for pool in ("avg", "max")]
    }
    assert len(keys) == 6  # mid and post are one network where in = out
    study = open_study(tmp_path, space, sampler=sampler)
    assert {network.key for network in search(study, 50)} == keys
    assert len(study) == 6
    with pytest.raises(Exhausted):
        study.ask()


def test_a_space_of_one_network_ends_after_one_trial(tmp_path):
    study = open_study(tmp_path, small_space())
    assert [network.key for network in search(study, 3)] == [uniform("mid", 0)]
    assert len(study.table()) == 1


@pytest.mark.parametrize("rules, affordable", [(MEDIUM, 1), (LARGE, 25)])
def test_a_tight_budget_leaves_out_no_network_that_fits(tmp_path, rules, affordable):
    space = load_space().restrict(rules)
    networks = sorted(space, key=lambda network: price(network).ops)
    budget = price(networks[affordable - 1]).ops
    fitting = [network.key for network in networks if price(network).ops <= budget]
    assert affordable <= len(fitting) < space.size / 50
    found = [network.key for network in search(open_study(tmp_path, space, limit=budget), len(fitting) + 5)]
    assert sorted(found) == sorted(fitting)


def test_a_tight_budget_leaves_every_layer_free(tmp_path):
    space, rng = load_space(), Random(0)
    budget = price(extreme(space, lambda network: price(network).ops)).ops + 30
    assert min(price(space.sample(rng)).ops for _ in range(300)) > budget
    networks = search(open_study(tmp_path, space, limit=budget), 30)
    for number in range(5):
        parts = {tuple(v for name, v in n.genes if name.startswith(f"layer{number}.")) for n in networks}
        assert len(parts) > 2


def test_distributions_hold_every_choice():
    space = small_space(layer0={"k": [0, 1, 2]}, layer1={"k": [3, 0], "pool": ["max", "avg"]})
    found = distributions_of(space)
    assert list(found) == ["layer0.k", "layer1.k", "layer1.pool"]
    assert (found["layer0.k"].low, found["layer0.k"].high) == (0, 2)
    assert found["layer1.k"].choices == (3, 0) and found["layer1.pool"].choices == ("max", "avg")

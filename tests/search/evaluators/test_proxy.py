"""The proxy: a short training whose seed follows from the study's, the network and the replicate."""

import pickle
from dataclasses import replace
from hashlib import sha256

import pytest
import torch

from search.evaluators.proxy import Proxy
from search.recipe import Recipe
from search.task import Task
from search.training.seeds import seeded_build, training_seed
from space import Architecture

NETWORK = Architecture.uniform("mobilenet-8", block="mid", k=2)
TASK = Task(number=0, architecture=NETWORK)
RECIPE = Recipe(epochs=1, batch_size=300, learning_rate=0.03)


@pytest.fixture
def proxy():
    return Proxy(dataset="digits", data_dir="data", validation=0.4, recipe=RECIPE, seed=0, device="cpu")


def test_seed_depends_on_study_network_and_replicate_alone():
    again = Architecture.from_json(NETWORK.to_json())
    post = Architecture.from_dict(
        {**NETWORK.to_dict(), "genes": {**NETWORK.choices, "layer2.block": "post"}}
    )  # in == out, the same network
    assert training_seed(0, NETWORK) == training_seed(0, again) == training_seed(0, post)
    other = Architecture.uniform("mobilenet-8", block="mid", k=1)
    seeds = [
        training_seed(0, NETWORK),
        training_seed(1, NETWORK),
        training_seed(0, NETWORK, 1),
        training_seed(0, other),
    ]
    assert len(set(seeds)) == 4 and all(0 <= seed < 2**32 for seed in seeds)
    # Studies of earlier versions have these seeds: they never change.
    assert seeds[2] == int(sha256(f"0/{NETWORK.key}/1".encode()).hexdigest()[:8], 16)


def test_weights_follow_the_seed_and_leave_the_random_state():
    state = torch.get_rng_state()
    one, same, other = (seeded_build(NETWORK, 10, seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["head.2.weight"], other["head.2.weight"])


def test_evaluation_does_not_depend_on_order_or_random_state(proxy):
    first = proxy(TASK)
    again_as_another_seed = proxy(replace(TASK, replicate=1))
    torch.manual_seed(7)
    again = pickle.loads(pickle.dumps(proxy))(TASK)
    assert first.accuracy == again.accuracy != again_as_another_seed.accuracy
    assert first.epochs == 1 and first.seconds > 0


def test_a_training_is_stopped_below_a_bar_and_nowhere_else(proxy):
    longer = replace(proxy, recipe=replace(RECIPE, epochs=4))
    whole = longer(replace(TASK, bars={1: 0.0, 3: 0.0}))
    assert whole.rungs.keys() == {1, 3, 4} and whole.rungs[4] == whole.accuracy
    assert whole.accuracy == longer(TASK).accuracy and not whole.stopped and whole.epochs == 4
    met = longer(replace(TASK, bars={1: whole.rungs[1], 3: whole.rungs[3] + 1e-6}))
    assert met.stopped and met.epochs == 3
    assert met.rungs == {1: whole.rungs[1], 3: whole.rungs[3]} and met.accuracy == whole.rungs[3]


def test_accuracy_is_a_share_of_the_validation_images(proxy):
    hits = proxy(TASK).accuracy * 599
    assert hits == pytest.approx(round(hits), abs=1e-3) and 0 < hits < 599

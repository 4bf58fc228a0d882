"""Prices: exact, and without counting where the costs add up."""

from random import Random

import pytest
from fakes import price, small_space

from mobinet import cost
from search.samplers.fresh import distributions_of
from space import load_space
from space.prices import Prices


def ops(network):
    return cost(network, 10).ops


def draws(space, count=50):
    """Every spelling, with the genes that have a choice only, as a sampler proposes them."""
    rng = Random(1)
    free = [gene for gene in space.genes if gene.name in distributions_of(space)]
    return [{gene.name: rng.choice(gene.choices) for gene in free} for _ in range(count)]


SPACES = [
    load_space(),
    load_space("group-conv", backbone="mobilenet-32"),
    load_space("meliusnet", backbone="meliusnet-8").restrict({"blocks": [2, 3], "width": [96, 128]}),
    load_space().restrict({"binarizer": ["xnor", "react", "ste"], "tie": ["binarizer"]}),
    small_space(),
    load_space().restrict({"growth": [1, 2], "depth": "up to 5", "kernel": [3, 5], "width": [50, 100], "pool": "avg"}),
    load_space().restrict({"copies": [1, 2, 4], "width": [25, 100], "growth": [1, 2]}),
    load_space().restrict({"resolution": [100, 50], "growth": [1, 2], "depth": [0, 1], "pool": "max"}),
    load_space().restrict({"depth": [0, 1], "binarizer": ["xnor", "react"], "tie": ["binarizer"]}),
]


@pytest.mark.parametrize("space", SPACES)
def test_prices_are_exact(space):
    prices = Prices(space, ops, None)
    assert [prices(params) for params in draws(space)] == [ops(space.architecture(params)) for params in draws(space)]


def test_what_adds_up_is_not_counted_again():
    counted = []

    def ops(network):
        counted.append(network)
        return price(network).ops

    space = load_space()
    prices = Prices(space, ops, None)
    for round_ in (True, False):
        counted.clear()
        assert all(prices(params) > 0 for params in draws(space, 100))
        assert bool(counted) == round_


def test_what_does_not_add_up_is_counted():
    space = small_space(layer0={"k": [0, 1]}, layer2={"k": [0, 1]})

    def ops(network):
        return 7.0 + network.choices["layer0.k"] * network.choices["layer2.k"]

    prices = Prices(space, ops, None)
    found = [prices({"layer0.k": one, "layer2.k": other}) for one in (0, 1) for other in (0, 1)]
    assert found == [7, 7, 7, 8]


def test_the_limit_is_the_budget_or_the_dearest_network():
    space = small_space(block=["pre", "mid"], layer1={"k": [0, 3], "pool": ["min", "max"]})
    assert Prices(space, ops, 2500.0).limit == 2500
    assert Prices(space, ops, None).limit == max(map(ops, space))

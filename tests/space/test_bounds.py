"""The cheapest and the most expensive network of a space, and those within a budget."""

import pytest
from fakes import price, small_space

from mobinet import cost
from space import load_space
from space.bounds import affordable, extreme

SPACES = [
    small_space(),
    small_space(block=["pre", "mid"], layer1={"k": [0, 3], "pool": ["min", "max"]}),
    small_space(block=["post", "none", "pre"], layer4={"k": [1, 2, 4]}),
    small_space(depth="up to 1", layer0={"growth": [1, 2]}, layer4={"k": [0, 3, 5], "kernel": [3, 5]}),
]


@pytest.mark.parametrize("space", SPACES)
def test_extremes_are_those_of_brute_force(space):
    for ops in (lambda network: cost(network, 10).ops, lambda network: price(network).ops):
        all_ops = [ops(network) for network in space]
        assert ops(extreme(space, ops)) == min(all_ops)
        assert ops(extreme(space, ops, most_expensive=True)) == max(all_ops)
        assert extreme(space, ops) in space


@pytest.mark.parametrize("space", SPACES)
def test_affordable_are_those_of_brute_force(space):
    all_ops = {network.key: price(network).ops for network in space}
    for budget in (None, 0, *sorted(set(all_ops.values()))[:3], max(all_ops.values())):
        found = list(affordable(space, lambda network: price(network).ops, budget))
        within = [key for key, ops in all_ops.items() if budget is None or ops <= budget]
        assert sorted(network.key for network in found) == sorted(within)
        assert not found or price(found[0]).ops == min(all_ops.values())


def test_affordable_of_a_huge_space_begins_at_once():
    first = next(affordable(load_space(backbone="mobilenet-32"), lambda network: price(network).ops, None))
    assert price(first).flops == 1240  # `post` at 0, but `mid` at 30 in the 8 layers where in = out

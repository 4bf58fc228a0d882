"""The cheapest and the dearest network of a space."""

import pytest
from fakes import price, small_space

from mobinet import cost
from search.bounds import extreme

SPACES = [
    small_space(),
    small_space(block=["pre", "mid"], layer1={"k": [0, 3], "pool": ["min", "max"]}),
    small_space(block=["post", "none", "pre"], layer4={"k": [1, 2, 4]}),
]


@pytest.mark.parametrize("space", SPACES)
def test_extremes_are_those_of_brute_force(space):
    for ops in (lambda network: cost(network, 10).ops, lambda network: price(network).ops):
        all_ops = [ops(network) for network in space]
        assert ops(extreme(space, ops)) == min(all_ops)
        assert ops(extreme(space, ops, dearest=True)) == max(all_ops)
        assert extreme(space, ops) in space

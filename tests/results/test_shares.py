"""The share of each part of a network in its OPs."""

import pytest

from mobinet.cost import cost, cost_of_parts
from results.entry import Entry
from results.front import Front
from results.shares import FILE, read_shares, shares_of, write_shares
from space import Architecture
from space.cost import Cost

NETWORK = Architecture.uniform("mobilenet-8", block="mid", k=2, pool="avg")


def test_shares_are_of_all_ops():
    assert shares_of({"a": Cost(flops=3), "b": Cost(bops=64)}) == {"a": 0.75, "b": 0.25}
    assert shares_of({"a": Cost()}) == {}


def test_the_parts_add_up_to_the_network():
    parts = cost_of_parts(NETWORK, 10)
    assert list(parts) == ["stem", *(f"layer{index}" for index in range(5)), "head"]
    assert sum(part.ops for part in parts.values()) == cost(NETWORK, 10).ops
    assert parts["stem"].flops == 8 * 8 * 4 * 3 * 3 and parts["head"].flops == 32 * 10


def test_what_is_written_is_read(tmp_path, trials, config):
    best = Entry.of(trials.loc[2].to_dict(), config)
    front = Front(entries=(best,), reference=config.reference, hypervolume=0.5, noise=None)
    write_shares(tmp_path, front, lambda network: {"a": Cost(flops=1), "b": Cost(flops=3)})
    assert read_shares(tmp_path) == {best.key: {"a": 0.25, "b": 0.75}}


@pytest.mark.parametrize("content", [None, "[]", '{"a": 1}', '{"a": {"b": "c"}}', "{"])
def test_what_cannot_be_read_is_left_out(tmp_path, content):
    if content is not None:
        (tmp_path / FILE).write_text(content)
    assert read_shares(tmp_path) == {}

"""Costs, against the paper's table and against counting by hand."""

import logging
import subprocess
import sys
import warnings
from math import gcd
from pathlib import Path
from random import Random

import pytest
import torch

from mobinet import Cost, build, cost
from mobinet.cost import count
from space import Architecture
from space.backbones import find_backbone, mobilenet_of
from space.family import genes_of

PAPER = {
    ("pre", 0): 45.87, ("pre", 1): 46.57, ("pre", 2): 47.97, ("pre", 3): 50.76,
    ("mid", 0): 45.61, ("mid", 1): 46.04, ("mid", 2): 46.90, ("mid", 3): 48.62, ("mid", 4): 52.07,
    ("post", 0): 35.37, ("post", 1): 35.80, ("post", 2): 36.67, ("post", 3): 38.39,
}  # fmt: skip
"""Millions of OPs at 224x224 by block and K (MoBiNet, WACV 2020; K=4 by counting)."""

BINARY = {"pre": (2132.279, 44.707), "mid": (2132.279, 27.547), "post": (1477.181, 27.547)}
"""Millions of binary multiply-accumulates: a + b * 2^K."""

MOBILENET = [32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024]
BACKBONES = {
    "mobilenet-8": (1, 8, 1, [4, 8, 16, 16, 32, 32], {1, 3}),
    "mobilenet-32": (3, 32, 1, MOBILENET, {1, 3, 5, 11}),
    "mobilenet-224": (3, 224, 2, MOBILENET, {1, 3, 5, 11}),
}
"""Input channels, input size, stem stride, channels between the layers, layers that halve the size."""


def round_up(value, unit):
    return -(-value // unit) * unit


def convolutions(block, k, i, o, area=9):
    """(in, out, kernel area, channels per group) of a layer, in order."""
    narrow, wide = (count if count % 2**k else 2**k for count in (i, o))
    return {
        "pre": [(i, o, 1, i), (o, o, area, wide), (o, o, 1, o)],
        "mid": [(i, i, area, narrow), (i, o, 1, i), (o, o, 1, o)],
        "post": [(i, i, area, narrow), (i, i, 1, i), (i, o, 1, i)],
        "none": [(i, i, area, narrow), (i, o, 1, i)],
    }[block]


def layers_by_hand(channels, choices):
    """(number, in, out) of each layer that exists, from the channels of the backbone between its layers."""
    runs, before = [], False
    for layer, (i, o) in enumerate(zip(channels, channels[1:])):
        if i == o:
            runs = [*runs[:-1], [*runs[-1], layer]] if before else [*runs, [layer]]
        before = i == o
    absent = {layer for stage, run in enumerate(runs) for layer in run[choices[f"stage{stage}.depth"] :]}
    doublings = sum(i != o for i, o in zip(channels, channels[1:]))
    found, i = [], channels[0] * choices["width"] // 100
    for layer in range(len(channels) - 1):
        if layer not in absent:
            doubles = doublings > 0 and choices[f"layer{layer}.growth"] == 2
            doublings -= doubles
            found.append((layer, i, i * 2 if doubles else i))
            i = found[-1][2]
    return found


def counted_by_hand(network, num_classes, backbone=None):
    colours, side, stride, channels, halved = backbone or BACKBONES[network.backbone]
    channels = [int(count * network.width) for count in channels]
    choices, prelu = network.all_choices, network.choices["activation"] == "prelu"
    shrink = 100 // choices["resolution"]
    averaged = colours * side * side if shrink > 1 else 0
    side = -(-(side // shrink) // stride)
    layers = layers_by_hand(channels, choices)
    pixels, first, last = side * side, layers[0][1], layers[-1][2]
    stem = first // gcd(first, choices["stem.copies"]) * colours * 9
    flops = pixels * stem + last * num_classes
    bops = padded_bops = 0
    elementwise = averaged + pixels * first
    params = stem + 2 * first + last * num_classes + num_classes
    size = 4 * (stem + 4 * first + last * num_classes + num_classes)
    for layer, i, o in layers:
        block, k, kernel = (choices[f"layer{layer}.{kind}"] for kind in ("block", "k", "kernel"))
        for _, filters, area, group in convolutions(block, k, i, o, kernel**2):
            weights = filters * area * group
            bops += pixels * weights
            padded_bops += pixels * filters * area * round_up(group, 32)
            elementwise += 3 * pixels * filters
            params += weights + (3 if prelu else 2) * filters
            size += round_up(weights, 8) // 8 + 4 * (6 if prelu else 5) * filters
        if layer in halved:
            elementwise += pixels * o
            side //= 2
            pixels = side * side
    elementwise += pixels * last
    return Cost(flops=flops, bops=bops, padded_bops=padded_bops, elementwise=elementwise, params=params, bytes=size)


def any_network(rng, backbone, width, largest_k=16):
    usual = {"binarizer": ["xnor"], "activation": ["prelu", "relu"]}
    largest = {"k": largest_k, "width": 100}
    genes = {
        name: rng.choice(
            [c for c in usual.get(gene.kind, gene.legal) if gene.kind not in largest or c <= largest[gene.kind]]
        )
        for name, gene in genes_of("mobinet", backbone, width).items()
    }
    return Architecture(backbone=backbone, width=width, genes=genes)


@pytest.mark.parametrize("block, k", PAPER)
def test_operations_of_the_paper(block, k):
    network = Architecture.uniform("mobilenet-224", block=block, k=k, pool="avg")
    found = cost(network, 1000)
    assert found.ops / 1e6 == pytest.approx(PAPER[block, k], abs=0.01)
    assert found.flops == 10_838_016 + 1_024_000
    fixed, doubling = BINARY[block]
    assert found.bops / 1e6 == pytest.approx(fixed + doubling * 2**k, abs=0.01)
    assert found == counted_by_hand(network, 1000)


@pytest.mark.parametrize(
    ("name", "stride", "halved"),
    [
        ("mobilenet-8-grey", 1, {1, 3}),
        ("mobilenet-15", 1, {1, 3}),
        ("mobilenet-28-grey", 1, {1, 3, 5}),
        ("mobilenet-33", 1, {1, 3, 5, 11}),
        ("mobilenet-63", 1, {1, 3, 5, 11}),
        ("mobilenet-65", 2, {1, 3, 5, 11}),
        ("mobilenet-96-grey", 2, {1, 3, 5, 11}),
        ("mobilenet-129", 2, {1, 3, 5, 11}),
        ("mobilenet-256", 2, {1, 3, 5, 11}),
    ],
)
def test_images_of_any_size_count_exactly(name, stride, halved):
    """Of odd sides, half is rounded up after the stem and down after a pooling."""
    side, grey = int(name.split("-")[1]), name.endswith("grey")
    backbone = (1 if grey else 3, side, stride, MOBILENET, halved)
    rng = Random(name)
    for _ in range(2):
        network = any_network(rng, name, 0.25, largest_k=4)
        assert cost(network, 10) == counted_by_hand(network, 10, backbone), network.describe()
    assert build(network, 10).eval()(torch.zeros(1, *network.input_shape)).shape == (1, 10)


def test_at_the_sizes_with_a_name_it_is_that_backbone():
    assert mobilenet_of(224, 3) == find_backbone("mobilenet-224", 1)
    assert mobilenet_of(32, 3) == find_backbone("mobilenet-32", 1)


def test_the_network_without_blocks():
    network = Architecture.uniform("mobilenet-224", block="none", k=0)
    assert cost(network, 1000) == counted_by_hand(network, 1000)


@pytest.mark.parametrize("width", [0.25, 0.5, 1.0, 2.0])
def test_mobilenet_8_counts_exactly(width):
    rng = Random(width)
    for _ in range(6):
        network = any_network(rng, "mobilenet-8", width)
        assert cost(network, 10) == counted_by_hand(network, 10), network.describe()


@pytest.mark.parametrize(
    "backbone, width, draws",
    [("mobilenet-32", 0.25, 8), ("mobilenet-32", 0.5, 8), ("mobilenet-224", 0.25, 5), ("mobilenet-224", 0.5, 5)],
)
def test_large_backbones_count_exactly(backbone, width, draws):
    rng = Random(width)
    for _ in range(draws):
        network = any_network(rng, backbone, width, largest_k=4)
        assert cost(network, 100) == counted_by_hand(network, 100), network.describe()


@pytest.mark.parametrize("block", ["pre", "mid", "post", "none"])
def test_channels_that_fill_neither_bytes_nor_words(block):
    network = Architecture.uniform("mobilenet-8", width=0.75, block=block, k=0, pool="min")
    assert cost(network, 3) == counted_by_hand(network, 3)
    network = Architecture.uniform("mobilenet-32", width=0.75, block=block, k=3, pool="max", activation="relu")
    assert cost(network, 3) == counted_by_hand(network, 3)


def test_cost_of_the_parts_is_the_cost_of_the_whole():
    rng = Random(1)
    for backbone in ("mobilenet-8", "mobilenet-32"):
        network = any_network(rng, backbone, 0.5, largest_k=4)
        image = torch.zeros(1, *network.input_shape)
        assert count(build(network, 7).eval(), image) == cost(network, 7)


def test_two_spellings_of_one_network_cost_the_same():
    rng = Random(2)
    for _ in range(10):
        network = any_network(rng, "mobilenet-8", 1.0)
        assert cost(network, 10) == cost(network.canonical(), 10)


def test_params_are_those_of_the_built_network():
    rng = Random(3)
    for _ in range(5):
        network = any_network(rng, "mobilenet-8", 2.0)
        assert cost(network, 10).params == sum(p.numel() for p in build(network, 10).parameters())


def test_ops_of_a_sum():
    one, other = Cost(flops=3, bops=64, padded_bops=5, elementwise=1, params=2, bytes=9), Cost(flops=1, bops=32)
    assert one + other == Cost(flops=4, bops=96, padded_bops=5, elementwise=1, params=2, bytes=9)
    assert (one + other).ops == 5.5


def test_padding_a_depthwise_convolution_to_words():
    """At K=0 a 3x3 of 4 channels on 8x8 pixels does 1/32 of the work of its words."""
    base = Architecture.uniform("mobilenet-8", block="none", k=0).choices
    zero, one = (Architecture(backbone="mobilenet-8", genes=base | {"layer0.k": k}) for k in (0, 1))
    assert cost(one, 10).bops - cost(zero, 10).bops == 64 * 9 * 4
    assert cost(one, 10).padded_bops == cost(zero, 10).padded_bops


def test_counting_leaves_no_trace(caplog):
    """Neither warnings nor log records nor numbers drawn from torch's random state."""
    network = Architecture.uniform("mobilenet-8", width=1.25, block="mid", pool="min", activation="relu")
    torch.manual_seed(0)
    before = torch.get_rng_state()
    with warnings.catch_warnings(record=True) as caught, caplog.at_level(logging.DEBUG):
        warnings.simplefilter("always")
        assert cost(network, 13) == counted_by_hand(network, 13)
    assert [str(warning.message) for warning in caught] == []
    assert caplog.records == []
    assert torch.equal(torch.get_rng_state(), before)


def test_counting_prints_nothing():
    code = (
        "from space import Architecture; from mobinet import cost; "
        "print(cost(Architecture.uniform('mobilenet-8', k=1), 10).flops)"
    )
    found = subprocess.run(
        [sys.executable, "-W", "default", "-c", code],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (found.stdout, found.stderr) == (f"{64 * 4 * 9 + 32 * 10}\n", "")

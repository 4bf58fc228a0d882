"""Binary MobileNet with grouped convolutions, against counting by hand and MoBiNet without a block."""

from math import log2, prod
from random import Random

import pytest
import torch
from torch import nn

from mobinet import build, cost
from mobinet.conv import BinaryConv2d
from space import Architecture, InputError, load_space, named_network
from space.family import genes_of

MOBILENET = [32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024]
BACKBONES = {
    "mobilenet-8": (1, 8, 1, [4, 8, 16, 16, 32, 32], {1, 3}),
    "mobilenet-32": (3, 32, 1, MOBILENET, {1, 3, 5, 11}),
    "mobilenet-224": (3, 224, 2, MOBILENET, {1, 3, 5, 11}),
}
"""Input channels, input size, stem stride, channels between the layers, layers that halve the size."""

SPATIAL = [(64, 112**2), (128, 2 * 56**2), (256, 2 * 28**2), (512, 6 * 14**2), (1024, 7**2)]
"""Channels of the 3x3s of all layers but the first, and the pixels these see in all; mobilenet-224."""

POINTWISE = (
    112**2 * (32 * 64 + 64 * 128)
    + 56**2 * (128 * 128 + 128 * 256)
    + 28**2 * (256 * 256 + 256 * 512)
    + 14**2 * (5 * 512 * 512 + 512 * 1024)
    + 7**2 * 1024 * 1024
)
"""Binary MACs of its 1x1s."""


@pytest.fixture(autouse=True)
def seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def grouped(backbone, ks, width=1.0, **choices):
    return Architecture.of(
        "group-conv", backbone, width, {f"layer{layer}.k": k for layer, k in enumerate(ks)} | choices
    )


def scaled(backbone, width=1.0):
    return [int(width * channels) for channels in BACKBONES[backbone][3]]


def by_hand(network, num_classes):
    """Float MACs, binary MACs and parameters."""
    colours, side, stride, _, halved = BACKBONES[network.backbone]
    channels = scaled(network.backbone, network.width)
    side //= stride
    flops = side**2 * 9 * colours * channels[0] + channels[-1] * num_classes
    params = 9 * colours * channels[0] + 2 * channels[0] + (channels[-1] + 1) * num_classes
    bops = 0
    for layer, (i, o) in enumerate(zip(channels, channels[1:])):
        group = min(2 ** network.choices[f"layer{layer}.k"], i)
        bops += side**2 * (9 * group * i + i * o)
        params += 9 * group * i + i * o + 3 * (i + o)
        side //= 2 if layer in halved else 1
    return flops, bops, params


@pytest.mark.parametrize("k", range(7))
def test_cost_of_equal_layers(k):
    network = named_network(f"group-conv-k{k}", input_shape=(3, 224, 224))
    found = cost(network, 1000)
    assert (found.flops, found.bops, found.params) == by_hand(network, 1000)
    assert found.flops == 10_838_016 + 1_024_000
    first, others = 112**2 * 32 * min(2**k, 32), sum(pixels * channels * 2**k for channels, pixels in SPATIAL)
    assert found.bops == POINTWISE + 9 * (first + others)


@pytest.mark.parametrize("backbone, width", [("mobilenet-8", 1), ("mobilenet-8", 0.75), ("mobilenet-32", 0.25)])
def test_cost_of_any_layers(backbone, width):
    rng = Random(1)
    for _ in range(4):
        ks = [rng.choice(gene.legal) for gene in genes_of("group-conv", backbone, width).values() if gene.kind == "k"]
        network = grouped(backbone, ks, width)
        found = cost(network, 7)
        assert (found.flops, found.bops, found.params) == by_hand(network, 7)


@torch.no_grad()
@pytest.mark.parametrize("ks", [(0, 0, 0, 0, 0), (2, 0, 3, 1, 5), (6, 6, 6, 6, 6)])
def test_the_same_function_as_mobinet_without_a_block(ks):
    network = grouped("mobilenet-8", ks, **{"layer1.binarizer": "react"})
    usual = {"block": "none", "pool": "avg", "activation": "prelu"}
    twin = Architecture.of("mobinet", "mobilenet-8", 1, usual | network.choices)
    one, other = build(network, 5).eval(), build(twin, 5).eval()
    for layer in one.modules():
        if isinstance(layer, nn.PReLU):
            layer.weight.uniform_(-1, 1)
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_()
            layer.running_var.uniform_(0.5, 2)
    x = torch.randn(3, 1, 8, 8)
    assert not torch.equal(one(x), other(x))
    other.load_state_dict(one.state_dict())
    assert torch.equal(one(x), other(x))
    assert cost(network, 5) == cost(twin, 5)


@torch.no_grad()
@pytest.mark.parametrize("k", range(6))
def test_range_of_the_3x3(k):
    """[-9, 9] for the depth-wise one, twice as far with each K; off the border it is a sum of 9 * 2^K signs."""
    net = build(grouped("mobilenet-8", [k] * 5, binarizer="ste"), 2).eval()
    for index, channels in enumerate((4, 8, 16, 16, 32)):
        conv = net.get_submodule(f"layer{index}")[0].conv
        group = min(2**k, channels)
        assert isinstance(conv, BinaryConv2d) and conv.weight.shape == (channels, group, 3, 3)
        inside = conv(torch.randn(20, channels, 3, 3))[..., 1, 1]
        assert inside.abs().max() <= 9 * group and (inside % 2 == group % 2).all()
        pattern = torch.randn(1, group, 3, 3)
        conv.weight.copy_(pattern.expand_as(conv.weight))
        x = pattern.repeat(1, channels // group, 1, 1)
        assert (conv(x)[..., 1, 1] == 9 * group).all()
        assert (conv(-x)[..., 1, 1] == -9 * group).all()


def test_a_skip_round_every_convolution():
    """With nothing from the convolutions, the input itself arrives, as often as the channels have doubled."""
    net = build(grouped("mobilenet-8", [1] * 5), 2).eval()
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.zeros_(layer.weight)
    x = torch.randn(2, 4, 8, 8)
    y = x
    for index in range(5):
        y = net.get_submodule(f"layer{index}")(y)
    pooled = nn.functional.avg_pool2d(x, 4)
    torch.testing.assert_close(y, pooled.repeat(1, 8, 1, 1))


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("width", [0.25, 1, 2])
def test_size_in_closed_form(backbone, width):
    channels = scaled(backbone, width)[:-1]
    assert load_space("group-conv", backbone=backbone, width=width).size == prod(
        min(int(log2(i)), 6) + 1 for i in channels
    )


def test_size_in_numbers():
    assert load_space("group-conv").size == 3 * 4 * 5 * 5 * 6
    assert load_space("group-conv", backbone="mobilenet-224").size == 6 * 7**12
    assert load_space("group-conv", width=0.75).size == 3 * 4 * 4 * 2 * 5, "of 3, 6, 12, 12, 24 channels"


def test_size_is_the_number_of_different_networks():
    space = load_space("group-conv", width=0.25)
    networks, channels = list(space), scaled("mobilenet-8", 0.25)
    groups = {
        tuple(i // 2 ** network.choices[f"layer{layer}.k"] for layer, i in enumerate(channels[:-1]))
        for network in networks
    }
    assert space.size == len(networks) == len({network.key for network in networks}) == len(groups) == 1 * 2 * 3 * 3 * 4


@pytest.mark.parametrize("width", [0.25, 0.75, 1])
def test_keys_are_equal_exactly_for_equal_groups(width):
    for layer, i in enumerate(scaled("mobilenet-8", width)[:-1]):
        keys = {}
        for k in genes_of("group-conv", "mobilenet-8", width)[f"layer{layer}.k"].legal:
            network = Architecture.of("group-conv", "mobilenet-8", width, {f"layer{layer}.k": k})
            keys.setdefault(max(1, i // 2**k), set()).add(network.key)
            assert network.canonical().choices[f"layer{layer}.k"] == min(k, (i - 1).bit_length())
        assert len(set().union(*keys.values())) == len(keys) == sum(map(len, keys.values()))


@torch.no_grad()
def test_k_has_to_divide_the_channels_of_the_3x3_only():
    """Of 3 channels that become 6, four to a group are all; of 6 that become 12 they do not divide them."""
    network = Architecture.of("group-conv", "mobilenet-8", 0.75, {"layer0.k": 2})
    assert build(network, 3).eval()(torch.randn(2, 1, 8, 8)).shape == (2, 3)
    for refused in ({"layer0.k": 1}, {"layer1.k": 2}):
        with pytest.raises(InputError, match="does not fit"):
            Architecture.of("group-conv", "mobilenet-8", 0.75, refused)


def test_the_widest_backbone_has_layers_that_no_k_makes_dense():
    for family in ("group-conv", "mobinet"):
        ks = genes_of(family, "mobilenet-224", 100)["layer12.k"]
        assert ks.legal == tuple(range(13)) and ks.aliases == {}


def test_named_networks_are_the_baselines():
    expected = {named_network(f"group-conv-k{k}", input_shape=(1, 8, 8)).key for k in range(7)}
    found = load_space("group-conv").baselines()
    assert {network.key for network in found} == expected and len(found) == 6, "of at most 32 channels"
    assert len(load_space("group-conv", backbone="mobilenet-224").baselines()) == 7


def test_one_k_for_all_layers():
    tied = load_space("group-conv", backbone="mobilenet-224").restrict({"tie": "k"})
    assert tied.size == 6 and {network.choice_of("k") for network in tied} == set(range(6))


def test_description():
    network = grouped("mobilenet-8", (0, 3, 1, 2, 0))
    assert network.describe() == "k0 k3 k1 k2 k0"
    other = Architecture.of("group-conv", "mobilenet-8", 1, network.choices | {"layer2.binarizer": "react"})
    assert other.describe() == "k0 k3 k1 k2 k0 xnor*4 react*1"

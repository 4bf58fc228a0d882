"""Binary ResNets, against printed numbers, counting by hand and a slow forward pass."""

from itertools import product

import numpy as np
import pytest
import torch
from torch import nn

from mobinet import build, cost
from mobinet.conv import BinaryConv2d
from mobinet.families.resnet import ResidualUnit
from space import Architecture, InputError, named_network
from tests.mobinet.norms import norm_by_hand, shaken

CLASSIFIER = 512 * 1000
STEMS = {"7x7": 118_013_952, "grouped": 68_640_768}
CONVS = {"18": (4, 4, 4, 4), "34": (6, 8, 12, 6)}

RESNETE = {
    "resnete-18": ("163", "4.00"),
    "resnete-18-grouped": ("114", "3.98"),
    "resnete-34": ("192", "5.23"),
    "resnete-34-grouped": ("143", "5.21"),
}
"""OPs (M) without the classifier, and MB, as MeliusNet (2020) prints them."""


@pytest.fixture(autouse=True)
def seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def imagenet(name):
    return named_network(name, input_shape=(3, 224, 224))


def by_hand(convs, widths=(64, 128, 256, 512), side=56):
    """Binary MACs and weights of the 3x3 convolutions, and MACs and weights of the downsampling 1x1s."""
    macs = weights = pointwise_macs = pointwise_weights = 0
    i = widths[0]
    for stage, (count, o) in enumerate(zip(convs, widths)):
        if stage:
            side //= 2
            pointwise_macs += side * side * i * o
            pointwise_weights += i * o
        for _ in range(count):
            macs += side * side * 9 * i * o
            weights += 9 * i * o
            i = o
    return macs, weights, pointwise_macs, pointwise_weights


@pytest.mark.parametrize("name", RESNETE)
def test_resnete(name):
    _, depth, *grouped = name.split("-")
    macs, weights, pointwise, _ = by_hand(CONVS[depth])
    found = cost(imagenet(name), 1000)
    assert found.bops == macs
    assert found.flops == STEMS["grouped" if grouped else "7x7"] + pointwise + CLASSIFIER
    ops, size = RESNETE[name]
    assert f"{(found.ops - CLASSIFIER) / 1e6:.0f}" == ops
    assert f"{(4 * (found.params - weights) + weights / 8) / 2**20:.2f}" == size


def test_bireal_18():
    found = cost(imagenet("bireal-18"), 1000)
    assert f"{found.bops:.3e}" == "1.676e+09"
    assert f"{found.ops - CLASSIFIER:.2e}" == "1.63e+08"
    norms = 2 * (64 + sum(4 * width for width in (64, 128, 256, 512)) + 128 + 256 + 512)
    _, weights, _, pointwise = by_hand(CONVS["18"])
    assert found.params == 64 * 3 * 49 + weights + pointwise + norms + CLASSIFIER + 1000
    e, bireal = imagenet("resnete-18"), imagenet("bireal-18")
    assert cost(e, 1000).bops == found.bops and e.key != bireal.key, "alike but for their gradients"


def test_resnet_18_of_trained_binarization():
    """Its downsampling 1x1s are binary, too."""
    network = imagenet("resnet-18-trained")
    found = cost(network, 1000)
    assert found.bops // 10**6 == 1695 and found.bops == 1_676_279_808 + 3 * 28 * 28 * 64 * 128
    assert f"{found.flops:.3e}" == "1.185e+08" and found.flops == STEMS["7x7"] + CLASSIFIER
    assert f"{found.ops:.2e}" == "1.45e+08"
    with torch.device("meta"):
        net = build(network, 1000)
    assert sum(isinstance(layer, BinaryConv2d) for layer in net.modules()) == 16 + 3
    assert [layer.kernel_size for layer in net.modules() if isinstance(layer, nn.Conv2d)] == [(7, 7)]


def conv_by_hand(x, weight, stride):
    """Zero-padded, x (N, C, H, W)."""
    size = weight.shape[2]
    x = np.pad(x, ((0, 0), (0, 0), *[(size // 2, size // 2)] * 2))
    side = (x.shape[2] - size) // stride + 1
    y = np.zeros((len(x), len(weight), side, side))
    for row, column in product(range(side), repeat=2):
        window = x[:, :, row * stride : row * stride + size, column * stride : column * stride + size]
        y[:, :, row, column] = np.einsum("nchw,ochw->no", window, weight)
    return y


def signs(x):
    return np.where(x < 0, -1.0, 1.0)


@pytest.mark.parametrize("i, o, stride, shortcut", [(3, 3, 1, "float"), (2, 4, 2, "float"), (2, 4, 2, "binary")])
def test_unit_by_hand(i, o, stride, shortcut):
    unit = shaken(ResidualUnit(i, o, stride=stride, shortcut=shortcut, binarizer="ste"))
    tensor = torch.randn(2, i, 6, 6).double()
    x = tensor.numpy()
    expected = norm_by_hand(conv_by_hand(signs(x), signs(unit.conv.weight.detach().numpy()), stride), unit.norm)
    if stride == 1:
        expected = expected + x
    else:
        pooled = sum(x[:, :, row::2, column::2] for row, column in product((0, 1), repeat=2)) / 4
        weight = unit.shortcut[1].weight.detach().numpy()
        if shortcut == "binary":
            pooled, weight = signs(pooled), signs(weight)
        expected = expected + norm_by_hand(conv_by_hand(pooled, weight, 1), unit.shortcut[2])
    np.testing.assert_allclose(unit(tensor).detach(), expected)


@pytest.mark.parametrize("backbone, sides", [("resnet-224", (56, 28, 14, 7)), ("resnet-32", (32, 16, 8, 4))])
@torch.no_grad()
def test_shapes(backbone, sides):
    choices = {"stage0.convs": 1, "stage1.convs": 2, "stage2.convs": 1, "stage3.convs": 3}
    network = Architecture.of("resnet", backbone, 0.25, choices)
    net, seen = build(network, 7).eval(), []
    for stage, convs in enumerate((1, 2, 1, 3)):
        module = net.get_submodule(f"stage{stage}")
        assert len(module) == convs
        module.register_forward_hook(lambda _, args, y: seen.append(tuple(y.shape)))
    assert net(torch.randn(2, *network.input_shape)).shape == (2, 7)
    assert seen == [(2, width, side, side) for width, side in zip((16, 32, 64, 128), sides)]


def test_a_small_network_counts_by_hand():
    network = Architecture.of("resnet", "resnet-32", 0.5, {"stage0.convs": 1, "stage3.convs": 3})
    macs, _, pointwise, _ = by_hand((1, 2, 2, 3), widths=(32, 64, 128, 256), side=32)
    found = cost(network, 10)
    assert (found.bops, found.flops) == (macs, 32 * 32 * 32 * 27 + pointwise + 2560)


@pytest.mark.parametrize("width", [0.1, 0.125, 0.3])
def test_a_width_that_does_not_fit_is_refused(width):
    with pytest.raises(InputError, match="multiple of 0.25"):
        named_network("bireal-18", input_shape=(3, 32, 32), width=width)

"""VGG-Small, against the numbers of the literature and a forward pass written out."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mobinet import build, cost
from mobinet.binarizers import BINARIZERS
from mobinet.conv import BinaryConv2d
from space import Architecture, InputError, named_network

CONVS = [(3, 128, 32), (128, 128, 32), (128, 256, 16), (256, 256, 16), (256, 512, 8), (512, 512, 8)]
"""(in, out, side) of each 3x3 convolution on 32x32 images."""


@pytest.mark.parametrize("name", BINARIZERS)
def test_macs_with_any_binarizer(name):
    found = cost(named_network(f"vgg-small-{name}", input_shape=(3, 32, 32)), 10)
    assert (found.bops, found.padded_bops, found.flops) == (603_979_776, 603_979_776, 3_620_864)
    assert f"{found.ops / 1e6:.2f}" == "13.06"
    assert found.bops == sum(i * o * 9 * side**2 for i, o, side in CONVS[1:])


def test_parameters():
    found = cost(named_network("vgg-small", input_shape=(3, 32, 32)), 10)
    norms = 2 * sum(o for _, o, _ in CONVS)
    assert found.params == sum(i * o * 9 for i, o, _ in CONVS) + norms + 8192 * 10 + 10
    for name, more in {
        "trained": 5 + sum(o for _, o, _ in CONVS[1:]),  # beta of each layer, alpha of each filter
        "react": sum(i for i, _, _ in CONVS[1:]),
        "ste": 0,
    }.items():
        assert cost(named_network(f"vgg-small-{name}", input_shape=(3, 32, 32)), 10).params == found.params + more


def test_layers_in_their_order():
    with torch.device("meta"):
        net = build(named_network("vgg-small", input_shape=(3, 32, 32)), 10)
    layers = [layer for part in net for layer in part]
    conv, pool, norm = BinaryConv2d, nn.MaxPool2d, nn.BatchNorm2d
    expected = [nn.Conv2d, norm, conv, pool, norm, conv, norm, conv, pool, norm, conv, norm, conv, pool, norm]
    assert [type(layer) for layer in layers] == [*expected, nn.Flatten, nn.Linear]
    convs = [layer for layer in layers if isinstance(layer, (nn.Conv2d, BinaryConv2d))]
    assert [(conv.weight.shape[1], conv.weight.shape[0]) for conv in convs] == [(i, o) for i, o, _ in CONVS]
    assert layers[0].bias is None and layers[-1].in_features == 8192


@torch.no_grad()
def test_forward_pass_written_out():
    network = Architecture.of("vgg-small", "vgg-8", 1 / 32, {"binarizer": "ste"})
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = build(network, 5).double().eval()
        x = torch.randn(3, 1, 8, 8).double()
        for layer in net.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.running_mean.normal_()
                layer.running_var.uniform_(0.5, 2)
    y = x
    for index in range(6):
        conv, norm = net[index][0], net[index][-1]
        signs = [torch.where(value < 0, -1.0, 1.0).double() for value in (y, conv.weight)]
        y = F.conv2d(*(signs if index else (y, conv.weight)), padding=1)
        if index % 2:
            y = torch.stack([y[..., i::2, j::2] for i in (0, 1) for j in (0, 1)]).amax(0)
        y = (y - norm.running_mean.view(-1, 1, 1)) / (norm.running_var.view(-1, 1, 1) + 1e-5).sqrt()
    assert y.shape == (3, 16, 1, 1)
    linear = net.head[-1]
    torch.testing.assert_close(net(x), y.flatten(1) @ linear.weight.T + linear.bias)


def test_widths():
    found = cost(named_network("vgg-small", input_shape=(3, 32, 32), width=0.25), 10)
    assert found.bops == 603_979_776 // 16
    assert found.flops == 32 * 32 * 27 * 32 + 2048 * 10
    with pytest.raises(InputError, match="multiple of 1/128"):
        named_network("vgg-small", input_shape=(3, 32, 32), width=0.3)

"""Binary AlexNet, against counting by hand."""

import pytest
import torch
from torch import nn

from mobinet import build, cost
from mobinet.conv import BinaryConv2d
from space import InputError, named_network

CONVS = [
    (96, 256, 5, 27),
    (256, 384, 3, 13),
    (384, 384, 3, 13),
    (384, 256, 3, 13),
    (256, 4096, 6, 1),
    (4096, 4096, 1, 1),
]
"""(in, out, kernel size, side of the output) of each binary convolution."""

WEIGHTS = sum(i * o * size**2 for i, o, size, _ in CONVS)
NORMS = 2 * (96 + sum(i for i, *_ in CONVS) + 4096)


def alexnet(binarizer):
    return named_network(f"alexnet-{binarizer}", input_shape=(3, 224, 224))


def test_macs():
    found = cost(alexnet("xnor"), 1000)
    assert found.flops == 55**2 * 96 * 3 * 11**2 + 4096 * 1000
    assert found.bops == sum(i * o * size**2 * side**2 for i, o, size, side in CONVS)
    assert found.padded_bops == found.bops


@pytest.mark.parametrize("binarizer, scales", [("xnor", 0), ("trained", sum(o for _, o, *_ in CONVS) + len(CONVS))])
def test_parameters_and_bytes(binarizer, scales):
    found = cost(alexnet(binarizer), 1000)
    floats = 96 * 3 * 11**2 + NORMS + 4096 * 1000 + 1000
    assert found.params == floats + WEIGHTS + scales
    packed_scales, betas = sum(o for _, o, *_ in CONVS), len(CONVS) if binarizer == "trained" else 0
    assert found.bytes == 4 * (floats + NORMS + packed_scales + betas) + WEIGHTS // 8


def test_shapes_and_layers_in_their_order():
    with torch.device("meta"):
        net, seen = build(alexnet("xnor"), 1000).eval(), []
        for part in net:
            part.register_forward_hook(lambda _, args, y: seen.append(tuple(y.shape[1:])))
        net(torch.empty(1, 3, 224, 224))
    sides = [(96, 27), (256, 13), (384, 13), (384, 13), (256, 6), (4096, 1), (4096, 1)]
    assert seen == [(channels, side, side) for channels, side in sides] + [(1000,)]
    norm, conv, pool = nn.BatchNorm2d, BinaryConv2d, nn.MaxPool2d
    assert [[type(layer) for layer in part] for part in net] == [
        [nn.Conv2d, norm, nn.ReLU, pool],
        [norm, conv, pool],
        [norm, conv],
        [norm, conv],
        [norm, conv, pool],
        [norm, conv],
        [norm, conv],
        [norm, nn.ReLU, nn.Flatten, nn.Linear],
    ]


def test_it_has_one_width():
    with pytest.raises(InputError, match="alexnet; use 1"):
        named_network("alexnet-xnor", input_shape=(3, 224, 224), width=0.5)

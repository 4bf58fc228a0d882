"""Float MobileNet, against its paper's numbers and counting by hand."""

import pytest
import torch
from torch import nn

from mobinet import build, cost
from space import Architecture, named_network

PRINTED = {"0.5": ("149.5", "1.33", "5.08"), "0.75": ("325.4", "2.59", "9.86"), "1": ("568.7", "4.23", "16.14")}
"""MACs (M), parameters (M) and MB by width."""

CHANNELS = [32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024]
HALVED = {1, 3, 5, 11}


def by_hand(width, colours, side, stride, num_classes):
    """MACs and parameters."""
    widths, side = [int(width * channels) for channels in CHANNELS], side // stride
    macs = side**2 * colours * 9 * widths[0]
    params = colours * 9 * widths[0] + 2 * widths[0]
    for layer, (i, o) in enumerate(zip(widths, widths[1:])):
        side //= 2 if layer in HALVED else 1
        macs += side**2 * (9 * i + i * o)
        params += 9 * i + 2 * i + i * o + 2 * o
    return macs + widths[-1] * num_classes, params + (widths[-1] + 1) * num_classes


@pytest.mark.parametrize("width", PRINTED)
def test_the_numbers_of_the_paper(width):
    found = cost(named_network(f"mobilenet-v1-{width}", input_shape=(3, 224, 224)), 1000)
    macs, params, size = PRINTED[width]
    assert f"{found.flops / 1e6:.1f}" == macs and found.ops == found.flops
    assert f"{found.params / 1e6:.2f}" == params
    assert f"{4 * found.params / 2**20:.2f}" == size
    assert (found.flops, found.params) == by_hand(float(width), 3, 224, 2, 1000)
    assert (found.bops, found.padded_bops) == (0, 0)


def test_small_images():
    found = cost(named_network("mobilenet-v1-0.5", input_shape=(3, 32, 32)), 10)
    assert (found.flops, found.params) == by_hand(0.5, 3, 32, 1, 10)


@torch.no_grad()
def test_layers():
    net = build(Architecture.of("mobilenet-v1", "mobilenet-8", 1, {}), 5).eval()
    assert net(torch.randn(2, 1, 8, 8)).shape == (2, 5)
    channels, strides = [4, 8, 16, 16, 32, 32], [1, 2, 1, 2, 1]
    for index, (i, o, stride) in enumerate(zip(channels, channels[1:], strides)):
        depthwise, pointwise = (m for m in net.get_submodule(f"layer{index}") if isinstance(m, nn.Conv2d))
        assert (depthwise.groups, depthwise.kernel_size, depthwise.stride) == (i, (3, 3), (stride, stride))
        assert (pointwise.groups, pointwise.kernel_size, pointwise.stride) == (1, (1, 1), (1, 1))
        assert pointwise.weight.shape[:2] == (o, i)
        kinds = [type(layer) for layer in net.get_submodule(f"layer{index}")]
        assert kinds == [nn.Conv2d, nn.BatchNorm2d, nn.ReLU] * 2

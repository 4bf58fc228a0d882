"""Networks for images of any size: costs against a closed form, side by side, and shapes."""

import pytest
import torch

from mobinet import build, cost
from space import Architecture, load_space

SIDES = (8, 9, 15, 28, 31, 48, 63, 64, 65, 95, 96, 127, 129, 160, 193, 256)
CLASSES = 7


def half_up(side):
    return -(-side // 2)


def resnet(side, colours, width):
    """The 7x7 and its pooling halve, rounded up, as do the stages behind the first."""
    channels = [int(count * width) for count in (64, 128, 256, 512)]
    area, side = (49, half_up(side)) if side >= 64 else (9, side)
    flops, bops, i = side**2 * area * colours * channels[0], 0, channels[0]
    side = half_up(side) if area == 49 else side
    for stage, o in enumerate(channels):
        if stage:
            side = half_up(side)
            flops += side**2 * i * o
        bops += side**2 * 9 * (i * o + o * o)
        i = o
    return flops + i * CLASSES, bops


def meliusnet(side, colours, width):
    """The stem halves twice, rounded up; each transition halves, rounded down."""
    unit, growth = int(32 * width), int(64 * width)
    if side >= 64:
        side = half_up(side)
        flops = side**2 * 9 * (colours * unit + unit * unit // 4 + unit * 2 * unit // 8)
        side = half_up(side)
    else:
        flops = side**2 * 9 * colours * 2 * unit
    bops, channels = 0, 2 * unit
    for stage in range(4):
        for _ in range(2):
            bops += side**2 * 9 * growth * (channels + channels + growth)
            channels += growth
        if stage < 3:
            side //= 2
            flops += side**2 * channels * 3 * unit
            channels = 3 * unit
    return flops + channels * CLASSES, bops


def vgg_small(side, colours, width):
    """The first convolution halves, rounded up, from 64 pixels on; three poolings halve, rounded down."""
    channels = [int(count * width) for count in (128, 128, 256, 256, 512, 512)]
    side = half_up(side) if side >= 64 else side
    flops, bops = side**2 * 9 * colours * channels[0], 0
    for index, (i, o) in enumerate(zip(channels, channels[1:]), 1):
        bops += side**2 * 9 * i * o
        side = side // 2 if index % 2 else side
    return flops + side**2 * channels[-1] * CLASSES, bops


def alexnet(side, colours, width):
    """An 11x11 with stride 4 and a border of 2; a 3x3 pooling with stride 2 fits (side - 1) // 2 times."""
    side = (side - 7) // 4 + 1
    flops = side**2 * 96 * colours * 121
    side = (side - 1) // 2
    bops = side**2 * 96 * 256 * 25
    side = (side - 1) // 2
    bops += side**2 * 9 * (256 * 384 + 384 * 384 + 384 * 256)
    side = (side - 1) // 2
    return flops + 4096 * CLASSES, bops + side**2 * 256 * 4096 + 4096 * 4096


CLOSED_FORMS = {
    "resnet": (resnet, 0.25, {"convs": 2}),
    "meliusnet": (meliusnet, 0.25, {"blocks": 2, "width": 96}),
    "vgg-small": (vgg_small, 1 / 16, {}),
    "alexnet": (alexnet, 1.0, {}),
}
"""By family: its float and binary multiply-accumulates, the width, the choices."""

CASES = [(family, side) for family in ("resnet", "meliusnet", "vgg-small") for side in SIDES]
CASES += [("alexnet", side) for side in (63, 79, 96, 129)]


@pytest.mark.parametrize(("family", "side"), CASES)
def test_costs_and_shapes(family, side):
    closed_form, width, choices = CLOSED_FORMS[family]
    colours = 1 if side % 3 else 3
    space = load_space(family, input_shape=(colours, side, side), width=width)
    network = Architecture.of(family, space.backbone, width, choices)
    found = cost(network, CLASSES)
    assert network.input_shape == (colours, side, side)
    assert (found.flops, found.bops) == closed_form(side, colours, width)
    with torch.device("meta"):
        assert build(network, CLASSES).eval()(torch.empty(2, colours, side, side)).shape == (2, CLASSES)

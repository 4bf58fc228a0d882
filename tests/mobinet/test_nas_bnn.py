"""Networks of NAS-BNN, against counting by hand and a slow forward pass."""

from itertools import product
from random import Random

import numpy as np
import pytest
import torch
from torch import nn

from mobinet import build, cost
from mobinet.families.nas_bnn import NASBNNUnit
from space import Architecture, load_space
from space.families.nas_bnn import stages_of, stem_channels_of

STRIDES = (1, 2, 2, 2, 2)


def by_hand(network, num_classes):
    """Float MACs of the stem and of the classifier, binary MACs."""
    width, colours, side = network.width, network.input_shape[0], network.input_shape[1]
    channels = int(stem_channels_of(network.effective) * width)
    side = -(-side // 2) if side >= 64 else side
    stem, bops = side**2 * 9 * colours * channels, 0
    for stage, stride in zip(stages_of(network.effective), STRIDES, strict=True):
        side = -(-side // 2) if stride == 2 and side > 2 else side
        for block in stage.blocks:
            out = int(block.channels * width)
            bops += side**2 * channels * (block.kernel**2 * channels // block.groups + out)
            channels = out
    return stem, channels * num_classes, bops


@pytest.mark.parametrize(("end", "theirs", "ours"), [(0, 20.77, 27.88), (-1, 331.81, 346.04)])
def test_operations_in_the_convention_of_the_authors(end, theirs, ours):
    """The smallest and the largest network of the space, by the formulas of the authors' repository.

    These count the stem, whose weights have 8 bits, as an eighth, and the classifier's bias.
    """
    genes = {gene.name: gene.choices for gene in load_space("nas-bnn", input_shape=(3, 224, 224)).genes}
    choices = {name: of[-1 - end if name.endswith("groups") else end] for name, of in genes.items()}
    stem, classifier, bops = by_hand(Architecture.of("nas-bnn", "nas-bnn-224", 1.0, choices), 1000)
    assert (stem / 8 + classifier + 1000 + bops / 64) / 1e6 == pytest.approx(theirs, abs=0.005)
    assert (stem + classifier + bops / 64) / 1e6 == pytest.approx(ours, abs=0.005)


@pytest.mark.parametrize("side", [8, 9, 15, 33, 64, 65, 129, 224])
def test_costs_and_shapes(side):
    space, rng = load_space("nas-bnn", input_shape=(1, side, side), width=0.125), Random(side)
    network = space.sample(rng)
    found, (stem, classifier, bops) = cost(network, 7), by_hand(network, 7)
    assert (found.flops, found.bops) == (stem + classifier, bops)
    with torch.device("meta"):
        assert build(network, 7).eval()(torch.empty(2, 1, side, side)).shape == (2, 7)


@pytest.mark.parametrize(
    ("side", "sides"), [(8, (8, 4, 2, 2, 2)), (33, (33, 17, 9, 5, 3)), (224, (112, 56, 28, 14, 7))]
)
def test_sides_of_the_stages(side, sides):
    network = Architecture.of("nas-bnn", load_space("nas-bnn", input_shape=(3, side, side)).backbone, 0.125, {})
    with torch.device("meta"):
        net, x, found = build(network, 5).eval(), torch.empty(1, 3, side, side), []
        for part in list(net)[:-1]:
            x = part(x)
            found.append(x.shape[-1])
    assert tuple(found[1:]) == sides


def signs(x):
    return np.where(x < 0, -1.0, 1.0)


def conv_by_hand(x, weight, stride, groups):
    """Zero-padded, x (N, C, H, W)."""
    size, members = weight.shape[2], weight.shape[1]
    padded = np.pad(x, ((0, 0), (0, 0), *[(size // 2, size // 2)] * 2))
    side = (padded.shape[2] - size) // stride + 1
    y = np.zeros((len(x), len(weight), side, side))
    for row, column, o in product(range(side), range(side), range(len(weight))):
        first = o // (len(weight) // groups) * members
        window = padded[:, first : first + members, row * stride :, column * stride :][:, :, :size, :size]
        y[:, o, row, column] = (window * weight[o]).sum((1, 2, 3))
    return y


@torch.no_grad()
@pytest.mark.parametrize(
    ("i", "o", "kernel", "stride", "groups"), [(4, 4, 5, 2, 2), (4, 4, 3, 1, 1), (3, 4, 1, 1, 1), (3, 6, 1, 1, 1)]
)
def test_unit_by_hand(i, o, kernel, stride, groups):
    """On a map of 5 x 5; a shortcut from 3 channels to 4 is the three and the first again."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        unit = NASBNNUnit(i, o, kernel, stride=stride, groups=groups, binarizer="react").double().eval()
        for parameter in unit.parameters():
            if parameter.dim() < 4 or parameter.shape[-1] == 1:
                nn.init.normal_(parameter)
        tensor = torch.randn(2, i, 5, 5).double()
    x, conv, act = tensor.numpy(), unit.conv, unit.activation
    assert conv.binarizer.shift is not None
    shift, weight = conv.binarizer.shift.numpy(), conv.weight.numpy()
    scaled = signs(weight) * abs(weight).mean((1, 2, 3), keepdims=True)
    y = conv_by_hand(signs(x - shift), scaled, stride, groups) / np.sqrt(1 + 1e-5)
    y = y * unit.norm.weight.numpy().reshape(-1, 1, 1) + unit.norm.bias.numpy().reshape(-1, 1, 1)
    side = y.shape[2]
    for row, column, channel in product(range(side), range(side), range(o)):
        pixels = x[:, channel % i, stride * row : stride * (row + 1), stride * column : stride * (column + 1)]
        y[:, channel, row, column] += pixels.mean((1, 2))
    before, after = act.before.numpy(), act.after.numpy()
    slope = act.prelu.weight.numpy().reshape(-1, 1, 1)
    bent = np.where(y - before > 0, y - before, slope * (y - before)) + after
    np.testing.assert_allclose(unit(tensor).numpy(), bent, atol=1e-12)

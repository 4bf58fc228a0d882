"""MeliusNet and BinaryDenseNet, against the paper's table, counting by hand and a slow forward pass."""

from fractions import Fraction
from functools import cache
from itertools import product

import numpy as np
import pytest
import torch
from torch import nn

from mobinet import build, cost
from mobinet.conv import BinaryConv2d
from mobinet.families.meliusnet import DenseBlock, ImprovementBlock, NewFeatures, Transition
from space import Architecture, InputError, named_network
from tests.mobinet.norms import norm_by_hand, shaken

TABLE = {
    "meliusnet-22-7x7": (6948392, 6119424, "185.25", "4.62", "257.50", "3.89"),
    "meliusnet-22": (6944584, 6119424, "135.88", "4.62", "208.13", "3.88"),
    "meliusnet-29-7x7": (11332136, 10321920, "178.23", "5.47", "263.69", "5.08"),
    "meliusnet-29": (11328328, 10321920, "128.85", "5.47", "214.31", "5.07"),
    "meliusnet-42": (26825544, 24956928, "174.01", "9.69", "325.46", "10.10"),
    "meliusnet-59": (55555336, 52641792, "245.76", "18.32", "531.95", "17.39"),
    "meliusnet-a": (9238984, 8441856, "86.73", "4.85", "162.54", "4.05"),
    "meliusnet-b": (12239176, 11280384, "106.42", "5.72", "195.84", "5.00"),
    "meliusnet-c": (12240264, 11427840, "82.21", "4.35", "150.23", "4.46"),
}
"""Parameters, binary parameters, float MACs (M), binary MACs (G), OPs (M), MB as MeliusNet (2020) prints them."""

DENSE_TABLE = {
    "binarydensenet-28-7x7": ("258", "4.04"),
    "binarydensenet-28": ("209", "4.03"),
    "binarydensenet-37-7x7": ("270", "5.13"),
    "binarydensenet-37": ("220", "5.12"),
}
"""OPs (M) and MB, printed by the same paper."""

VARIANTS = {
    "22": ((4, 5, 4, 4), (160, 224, 256), 1),
    "29": ((4, 6, 8, 6), (128, 192, 256), 1),
    "42": ((5, 8, 14, 10), (160, 256, 416), 1),
    "59": ((6, 12, 24, 12), (192, 320, 544), 1),
    "a": ((4, 5, 5, 6), (160, 256, 288), 4),
    "b": ((4, 6, 8, 6), (160, 224, 320), 2),
    "c": ((3, 5, 10, 6), (128, 192, 288), 4),
}
"""Blocks, widths after the transitions, their groups."""

DENSE = {"28": (6, 6, 6, 5), "37": (6, 8, 12, 6), "45": (6, 12, 14, 8)}
DIVISORS = {"28": ("2.7", "2.7", "2.2"), "37": ("3.3", "3.3", "4"), "45": ("2.7", "3.3", "4")}


@pytest.fixture(autouse=True)
def seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def printed(value, like):
    """`value` with as many digits behind the point as the text `like`."""
    return f"{value:.{len(like.partition('.')[2])}f}"


def imagenet(name):
    return named_network(name, input_shape=(3, 224, 224))


def on_8(factor=0.25, **choices):
    return Architecture.of("meliusnet", "meliusnet-8", factor, {"blocks": 2, **choices})


@cache
def sizes(network):
    """Binary weights, and MACs of the classifier."""
    with torch.device("meta"):
        net = build(network, 1000)
    binary = sum(layer.weight.numel() for layer in net.modules() if isinstance(layer, BinaryConv2d))
    return binary, 1000 * net.head[-1].in_features


def megabytes(params, binary):
    """Without running statistics; 2^20 bytes."""
    return (4 * (params - binary) + binary / 8) / 2**20


def by_hand(blocks, widths, groups, stem="grouped", improved=True):
    """Parameters, binary parameters, float and binary MACs without the classifier, at 224x224 for 1000 classes."""
    if stem == "7x7":
        params, macs = 64 * 3 * 49 + 128, 112 * 112 * 64 * 3 * 49
    else:
        convs = [32 * 3 * 9, 32 * 8 * 9, 64 * 4 * 9]
        params, macs = sum(convs) + 2 * (32 + 32 + 64), 112 * 112 * sum(convs)
    binary = bops = 0
    channels, side = 64, 56
    for stage, count in enumerate(blocks):
        for _ in range(count):
            inputs = [channels, channels + 64] if improved else [channels]
            binary += sum(9 * 64 * c for c in inputs)
            bops += sum(side * side * 9 * 64 * c for c in inputs)
            params += sum(9 * 64 * c + 2 * c for c in inputs)
            channels += 64
        params += 2 * channels
        if stage < 3:
            side //= 2
            pointwise = channels * widths[stage] // groups
            params, macs, channels = params + pointwise, macs + side * side * pointwise, widths[stage]
    return params + 1000 * channels + 1000, binary, macs, bops


@pytest.mark.parametrize("name", TABLE)
def test_the_numbers_of_the_paper(name):
    params, binary, flops, bops, ops, size = TABLE[name]
    network = imagenet(name)
    found, (counted, classifier) = cost(network, 1000), sizes(network)
    assert (found.params, counted) == (params, binary)
    assert printed((found.flops - classifier) / 1e6, flops) == flops
    assert printed(found.bops / 1e9, bops) == bops
    assert printed((found.ops - classifier) / 1e6, ops) == ops
    assert printed(megabytes(found.params, binary), size) == size


@pytest.mark.parametrize("name", VARIANTS)
def test_counted_by_hand(name):
    stems = {"grouped": f"meliusnet-{name}", "7x7": f"meliusnet-{name}-7x7"}
    for stem, full in stems.items():
        params, binary, macs, bops = by_hand(*VARIANTS[name], stem)
        network = imagenet(full)
        found, (counted, classifier) = cost(network, 1000), sizes(network)
        assert (found.params, counted) == (params, binary)
        assert (found.flops - classifier, found.bops) == (macs, bops)
        assert found.padded_bops == bops, "all channels fill words of 32"


@pytest.mark.parametrize("name", DENSE)
def test_widths_of_binarydensenet_follow_its_divisors(name):
    network, channels, widths = imagenet(f"binarydensenet-{name}"), 64, []
    for count, divisor in zip(DENSE[name], DIVISORS[name]):
        channels = 32 * round(Fraction((channels + 64 * count) / Fraction(divisor)).__floor__() / 32)
        widths.append(channels)
    expected = {"28": [160, 192, 256], "37": [128, 192, 256], "45": [160, 288, 288]}
    assert widths == expected[name] == [network.choices[f"stage{stage}.width"] for stage in range(3)]
    assert tuple(network.choices[f"stage{stage}.blocks"] for stage in range(4)) == DENSE[name]
    assert network.choices["improvement"] == "off" and network.choice_of("groups") == 1
    params, binary, macs, bops = by_hand(DENSE[name], widths, 1, improved=False)
    found, (counted, classifier) = cost(network, 1000), sizes(network)
    assert (found.params, counted, found.bops, found.flops - classifier) == (params, binary, bops, macs)


@pytest.mark.parametrize("name", DENSE_TABLE)
def test_the_numbers_of_binarydensenet(name):
    network = imagenet(name)
    found, (binary, classifier) = cost(network, 1000), sizes(network)
    ops, size = DENSE_TABLE[name]
    assert printed((found.ops - classifier) / 1e6, ops) == ops
    assert printed(megabytes(found.params, binary), size) == size


def test_stems_cost_what_the_paper_says():
    convs = {stem: imagenet(f"meliusnet-22{suffix}") for stem, suffix in (("grouped", ""), ("7x7", "-7x7"))}
    saved = cost(convs["7x7"], 1000).flops - cost(convs["grouped"], 1000).flops
    assert printed(saved / 1e6, "49.37") == printed(118.013952 - 68.640768, "49.37")


def test_without_improvement_blocks_it_is_another_network():
    """The trap of a public port: 3.56 M parameters instead of 6.94 M."""
    network = named_network("meliusnet-22", input_shape=(3, 224, 224), choices={"improvement": "off"})
    found = cost(network, 1000)
    assert found.params == by_hand(*VARIANTS["22"], improved=False)[0]
    assert printed(found.params / 1e6, "3.56") == "3.56"
    assert network.key != imagenet("meliusnet-22").key
    for improvement, kinds in (("on", 2), ("off", 1)):
        stage = build(on_8(improvement=improvement), 5).stage1
        assert len(stage) == 2 * kinds
        assert [type(block) for block in stage] == [DenseBlock, ImprovementBlock][:kinds] * 2


def features_by_hand(x, block):
    """Batch norm, sign, and a binary 3x3 whose border is -1; x is (N, C, H, W)."""
    signs = np.where(norm_by_hand(x, block.norm) < 0, -1, 1)
    bits = np.where(block.conv.weight.detach().numpy() < 0, -1, 1)
    n, _, height, width = x.shape
    y = np.zeros((n, len(bits), height, width))
    for image, f, c, row, column in product(*map(range, (n, *bits.shape[:2], height, width))):
        for i, j in product(range(3), range(3)):
            r, s = row + i - 1, column + j - 1
            inside = 0 <= r < height and 0 <= s < width
            y[image, f, row, column] += bits[f, c, i, j] * (signs[image, c, r, s] if inside else -1)
    return y


def test_dense_block_puts_its_features_behind_the_input():
    block, x = shaken(DenseBlock(3, 2, "melius")), torch.randn(2, 3, 4, 5).double()
    found = block(x).detach().numpy()
    assert found.shape == (2, 5, 4, 5)
    assert np.array_equal(found[:, :3], x.numpy())
    np.testing.assert_allclose(found[:, 3:], features_by_hand(x.numpy(), block))


def test_improvement_block_adds_to_the_last_channels_only():
    block, x = shaken(ImprovementBlock(5, 2, "melius")), torch.randn(2, 5, 4, 5).double()
    found = block(x).detach().numpy()
    assert found.shape == (2, 5, 4, 5)
    assert np.array_equal(found[:, :3], x[:, :3].numpy())
    np.testing.assert_allclose(found[:, 3:], x[:, 3:].numpy() + features_by_hand(x.numpy(), block))


def test_an_input_of_minus_ones_meets_no_border():
    block = NewFeatures(2, 3, "melius").double().eval()
    y = block(torch.full((1, 2, 4, 4), -1.0).double())
    assert torch.equal(y, -block.conv.weight.sign().sum((1, 2, 3)).view(1, 3, 1, 1).expand(1, 3, 4, 4))


def test_gradients_pass_up_to_1_3_and_to_all_weights():
    conv = DenseBlock(1, 1, "melius").double().conv
    conv.weight.data[0, 0] = torch.tensor([[-7.0, 0.0, 3.0]] * 3)
    x = torch.tensor([-1.31, -1.3, -1.01, 0.0, 1.3, 1.31]).double().view(1, 1, 1, 6).requires_grad_()
    conv(x).sum().backward()
    assert (x.grad.flatten() != 0).tolist() == [False, True, True, True, True, False]
    signs = np.pad([-1, -1, -1, 1, 1, 1], 1, constant_values=-1)
    middle = [signs[j : j + 6].sum() for j in range(3)]
    assert conv.weight.grad[0, 0].tolist() == [[-6] * 3, middle, [-6] * 3]


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_transition_by_hand(groups):
    part = Transition(name="t", in_channels=48, out_channels=8, groups=groups, shuffle=16)
    module, x = shaken(part.build()), torch.randn(2, 48, 4, 6).double()
    y = norm_by_hand(x.numpy(), module[0])
    y = np.maximum(np.max([y[..., i::2, j::2] for i, j in product((0, 1), (0, 1))], axis=0), 0)
    if groups > 1:  # of 16 groups of 3 channels, first the first of each, then the second...
        y = y[:, [group * 3 + place for place in range(3) for group in range(16)]]
    weight, depth = module[-1].weight.detach().numpy(), 48 // groups
    assert weight.shape == (8, depth, 1, 1) and module[-1].bias is None
    expected = np.zeros((2, 8, 2, 3))
    for o, c in product(range(8), range(depth)):
        expected[:, o] += weight[o, c, 0, 0] * y[:, o // (8 // groups) * depth + c]
    np.testing.assert_allclose(module(x).detach(), expected, atol=1e-12)


@pytest.mark.parametrize("name, shuffles", [("22", []), ("a", [16] * 3), ("b", [16] * 3), ("c", [16] * 3)])
def test_only_grouped_transitions_shuffle(name, shuffles):
    with torch.device("meta"):
        net = build(imagenet(f"meliusnet-{name}"), 10)
    assert [layer.groups for layer in net.modules() if isinstance(layer, nn.ChannelShuffle)] == shuffles
    pointwise = [layer.groups for layer in net.modules() if getattr(layer, "kernel_size", None) == (1, 1)]
    assert pointwise == [VARIANTS[name][2]] * 3


def test_stage_is_its_blocks_in_turn():
    net, x = shaken(build(on_8(), 5)), torch.randn(2, 16, 4, 4).double()
    stage, y = net.stage0, x.numpy()
    for dense, better in (stage[0:2], stage[2:4]):
        y = np.concatenate([y, features_by_hand(y, dense)], axis=1)
        change = features_by_hand(y, better)
        assert change.shape[1] == 16, "a quarter of 64"
        y[:, -16:] += change
    np.testing.assert_allclose(stage(x).detach(), y)


@pytest.mark.parametrize(
    "backbone, width, sides",
    [
        ("meliusnet-224", 0.25, (56, 28, 14, 7)),
        ("meliusnet-32", 0.5, (32, 16, 8, 4)),
        ("meliusnet-8", 0.25, (8, 4, 2, 1)),
        ("meliusnet-8", 1.0, (8, 4, 2, 1)),
    ],
)
@torch.no_grad()
def test_shapes(backbone, width, sides):
    choices = {"blocks": 1, "stage2.blocks": 2, "stage0.width": 160, "stage1.width": 224, "groups": 2}
    network = Architecture.of("meliusnet", backbone, width, choices)
    net, seen = build(network, 7).eval(), []
    for stage in range(4):
        net.get_submodule(f"stage{stage}").register_forward_hook(lambda _, args, y: seen.append((args[0], y)))
    assert net(torch.randn(2, *network.input_shape)).shape == (2, 7)
    for (x, y), side, before, blocks in zip(seen, sides, (64, 160, 224, 96), (1, 1, 2, 1)):
        assert x.shape == (2, before * width, side, side)
        assert y.shape == (2, (before + 64 * blocks) * width, side, side)


@pytest.mark.parametrize("stem, sizes", [("grouped", [3, 3, 3]), ("7x7", [7])])
def test_large_stems(stem, sizes):
    network = Architecture.of("meliusnet", "meliusnet-224", 1, {"stem": stem, "blocks": 1})
    module = build(network, 2).stem
    convs = [layer for layer in module if isinstance(layer, nn.Conv2d)]
    assert [conv.kernel_size[0] for conv in convs] == sizes
    assert [conv.stride[0] for conv in convs] == [2, 1, 1][: len(sizes)]
    assert [conv.groups for conv in convs] == [1, 4, 8][: len(sizes)]
    assert convs[-1].out_channels == 64


def test_small_images_meet_one_convolution_and_nothing_else():
    module = build(on_8(), 2).stem
    assert isinstance(module, nn.Conv2d)
    assert (module.kernel_size, module.stride, module.padding, module.bias) == ((3, 3), (1, 1), (1, 1), None)


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("factor", [0.25, 0.5, 0.75, 1.25, 2])
@torch.no_grad()
def test_any_legal_width_goes_with_any_groups(factor, groups):
    for after in (96, 160):
        net = build(on_8(factor, blocks=1, width=after, groups=groups), 3).eval()
        assert net(torch.randn(1, 1, 8, 8)).shape == (1, 3)


@pytest.mark.parametrize("width", [0.1, 0.125, 0.3, 1.1])
def test_other_widths_are_refused(width):
    with pytest.raises(InputError, match="multiple of 0.25"):
        on_8(width)
    with pytest.raises(InputError, match="multiple of 0.25"):
        named_network("meliusnet-22", input_shape=(3, 224, 224), width=width)

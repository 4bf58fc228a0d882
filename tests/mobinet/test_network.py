"""The network, against a forward pass written out by hand."""

from itertools import product
from random import Random

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mobinet import build, fused
from mobinet.conv import BinaryConv2d
from mobinet.families.parts import Layer
from mobinet.layers import ACTIVATIONS, POOLINGS
from mobinet.unit import BinaryUnit
from space import Architecture, InputError
from space.families import mobinet
from space.family import genes_of

BLOCKS = ("pre", "mid", "post", "none")
MOBILENET = [32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024]
CHANNELS = {"mobilenet-8": [4, 8, 16, 16, 32, 32], "mobilenet-32": MOBILENET, "mobilenet-224": MOBILENET}


@pytest.fixture(autouse=True)
def seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def layer_of(block, *, i=4, o=8, k=1, pool=None, activation="prelu"):
    part = Layer(
        name="layer0", in_channels=i, out_channels=o, block=block, k=k, pool=pool, activation=activation,
        binarizer="xnor",
    )  # fmt: skip
    return shaken(part.build()).double().eval()


@torch.no_grad()
def shaken(net):
    """The network with slopes, norms and statistics away from where they begin."""
    for module in net.modules():
        if isinstance(module, nn.PReLU):
            module.weight.uniform_(-1, 1)
        if isinstance(module, nn.BatchNorm2d):
            for value in (module.weight, module.bias, module.running_mean):
                value.normal_()
            module.running_var.uniform_(0.5, 2)
    return net


def any_network(rng, backbone, width=1.0):
    genes = {name: rng.choice(gene.legal) for name, gene in genes_of("mobinet", backbone, width).items()}
    return Architecture(backbone=backbone, width=width, genes=genes)


def convolutions(block, i, o):
    """(in, out, kernel size) of a layer, in order."""
    return {
        "pre": [(i, o, 1), (o, o, 3), (o, o, 1)],
        "mid": [(i, i, 3), (i, o, 1), (o, o, 1)],
        "post": [(i, i, 3), (i, i, 1), (i, o, 1)],
        "none": [(i, i, 3), (i, o, 1)],
    }[block]


def conv_by_hand(x, weight, groups):
    """A binary convolution of size 1 or 3, filter by filter and shift by shift."""
    n, _, height, width = x.shape
    filters, depth, size, _ = weight.shape
    signs = F.pad(torch.where(x < 0, -1.0, 1.0).to(x), [size // 2] * 4)
    y = torch.zeros(n, filters, height, width, dtype=x.dtype)
    for f in range(filters):
        start = f // (filters // groups) * depth
        alpha = sum(abs(value) for value in weight[f].flatten().tolist()) / weight[f].numel()
        for c, row, column in product(range(depth), range(size), range(size)):
            bit = -1 if weight[f, c, row, column] < 0 else 1
            y[:, f] += alpha * bit * signs[:, start + c, row : row + height, column : column + width]
    return y


def unit_by_hand(x, state, prefix, size, groups):
    """sign, convolution, PReLU or ReLU, batch norm, + skip."""
    weight = state[f"{prefix}.conv.weight"]
    assert weight.shape[2:] == (size, size)
    y = conv_by_hand(x, weight, groups)
    slope = state.get(f"{prefix}.activation.weight", torch.zeros(len(weight))).view(len(weight), 1, 1)
    y = torch.where(y < 0, slope * y, y)
    mean, var, gamma, beta = (
        state[f"{prefix}.norm.{name}"].view(-1, 1, 1) for name in ("running_mean", "running_var", "weight", "bias")
    )
    y = (y - mean) / (var + 1e-5).sqrt() * gamma + beta
    return y + (x if x.shape[1] == y.shape[1] else torch.cat([x, x], 1))


def pool_by_hand(x, pool):
    corners = torch.stack([x[..., row::2, column::2] for row, column in product((0, 1), (0, 1))])
    return {"avg": corners.mean(0), "max": corners.amax(0), "min": corners.amin(0), None: x}[pool]


@pytest.mark.parametrize("pool", [None, "avg", "max", "min"])
@pytest.mark.parametrize("block", BLOCKS)
def test_layer_equals_its_forward_pass_by_hand(block, pool):
    for (i, o), k, activation in [((4, 8), 1, "prelu"), ((4, 4), 0, "prelu"), ((4, 8), 2, "relu"), ((1, 2), 0, "relu")]:
        layer = layer_of(block, i=i, o=o, k=k, pool=pool, activation=activation)
        x = torch.randn(2, i, 4, 4, dtype=torch.float64)
        x[0, 0, 0] = torch.tensor([0.0, -0.0, 1.0, -1.0])
        y = x
        for index, (a, _, size) in enumerate(convolutions(block, i, o)):
            y = unit_by_hand(y, layer.state_dict(), str(index), size, groups=a // 2**k if size == 3 else 1)
        torch.testing.assert_close(layer(x), pool_by_hand(y, pool))


@pytest.mark.parametrize("channels", [1, 3])
def test_skip_repeats_the_input_where_the_channels_double(channels):
    x = torch.randn(2, channels, 4, 4)
    for out, copies in ((channels, 1), (2 * channels, 2)):
        conv = BinaryConv2d(channels, out, 1, binarizer="xnor")
        unit = BinaryUnit(conv, nn.PReLU(out)).eval()
        nn.init.zeros_(unit.norm.weight)
        assert torch.equal(unit(x), torch.cat([x] * copies, 1))


def test_what_a_space_names_can_be_built():
    assert set(POOLINGS) == set(mobinet.POOLINGS)
    assert set(ACTIVATIONS) == set(mobinet.ACTIVATIONS)


@pytest.mark.parametrize("name", ["avg", "max", "min"])
def test_pooling_of_one_window(name):
    x = torch.tensor([[1.0, -2.0], [4.0, 7.0]]).view(1, 1, 2, 2)
    assert POOLINGS[name]()(x).item() == {"avg": 2.5, "max": 7.0, "min": -2.0}[name]


@pytest.mark.parametrize("width, stem", [(0.5, 2), (0.75, 3), (1.25, 5)])
def test_any_width_keeps_the_ratios_of_the_channels(width, stem):
    net = build(Architecture.uniform("mobilenet-8", width=width, block="mid", k=0), 5).eval()
    filters = [net.stem[0].out_channels, *(net.get_submodule(f"layer{n}")[2].norm.num_features for n in range(5))]
    assert filters == [stem * ratio for ratio in (1, 2, 4, 4, 8, 8)]
    assert net(torch.randn(1, 1, 8, 8)).shape == (1, 5)


def test_a_width_that_leaves_half_a_channel_is_refused():
    with pytest.raises(InputError, match="multiple of 1/4"):
        Architecture.uniform("mobilenet-8", width=0.6, block="mid", k=0)


@pytest.mark.parametrize(
    "backbone, width, batch",
    [
        ("mobilenet-8", 1.0, 3),
        ("mobilenet-8", 0.25, 1),
        ("mobilenet-8", 2.0, 2),
        ("mobilenet-32", 0.5, 2),
        ("mobilenet-224", 0.25, 1),
    ],
)
def test_output_shape(backbone, width, batch):
    network = Architecture.uniform(backbone, width=width, block="mid", k=1, pool="max")
    net = build(network, num_classes=7).eval()
    with torch.no_grad():
        y = net(torch.randn(batch, *network.input_shape))
    assert y.shape == (batch, 7)
    assert y.isfinite().all()


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("backbone, halved", [("mobilenet-8", {1, 3}), ("mobilenet-32", {1, 3, 5, 11})])
def test_all_convolutions_of_a_layer_run_at_its_input_resolution(backbone, halved, block):
    network = Architecture.uniform(backbone, width=0.25, block=block, pool="min")
    net, seen = build(network, 5).eval(), {}
    for name, module in net.named_modules():
        module.register_forward_hook(lambda _, args, y, name=name: seen.update({name: (args[0].shape, y.shape)}))
    with torch.no_grad(), fused.disabled():
        net(torch.randn(2, *network.input_shape))
    side, channels = network.input_shape[1], [count // 4 for count in CHANNELS[backbone]]
    assert seen["stem"][1] == (2, channels[0], side, side)
    for layer, (i, o) in enumerate(zip(channels, channels[1:])):
        for index, (a, b, _) in enumerate(convolutions(block, i, o)):
            assert seen[f"layer{layer}.{index}.conv"] == ((2, a, side, side), (2, b, side, side))
        assert len(net.get_submodule(f"layer{layer}")) == len(convolutions(block, i, o)) + (layer in halved)
        side //= 2 if layer in halved else 1
        assert seen[f"layer{layer}"][1] == (2, o, side, side)


@pytest.mark.parametrize("backbone, strides", [("mobilenet-8", 1), ("mobilenet-32", 1), ("mobilenet-224", 2)])
def test_stem_is_a_float_convolution(backbone, strides):
    network = Architecture.uniform(backbone, width=0.25)
    stem = shaken(build(network, 5))[0].eval()
    x = torch.randn(1, *network.input_shape)
    weight, gamma, beta, mean, var, _ = stem.state_dict().values()
    expected = F.batch_norm(F.conv2d(x, weight, stride=strides, padding=1), mean, var, gamma, beta)
    torch.testing.assert_close(stem(x), expected)


def test_head_is_a_float_linear_layer():
    head = build(Architecture.uniform("mobilenet-8"), 5)[-1].eval()
    x = torch.randn(2, 32, 2, 2)
    weight, bias = head.state_dict().values()
    torch.testing.assert_close(head(x), x.mean((2, 3)) @ weight.T + bias)


@pytest.mark.parametrize("block, convs", [("pre", 3), ("mid", 3), ("post", 3), ("none", 2)])
def test_only_the_first_and_last_layer_are_float(block, convs):
    network = Architecture.uniform("mobilenet-32", width=0.25, block=block)
    names = dict(build(network, 5).named_modules())
    assert [name for name, module in names.items() if isinstance(module, (nn.Conv2d, nn.Linear))] == [
        "stem.0", "head.2",
    ]  # fmt: skip
    assert sum(isinstance(module, BinaryConv2d) for module in names.values()) == 13 * convs


@pytest.mark.parametrize("k", range(8))
@pytest.mark.parametrize("block", BLOCKS)
def test_groups_of_the_3x3_have_two_to_the_k_channels(block, k):
    net = build(Architecture.uniform("mobilenet-8", block=block, k=k), 5)
    for layer, (i, o) in enumerate(zip(CHANNELS["mobilenet-8"], CHANNELS["mobilenet-8"][1:])):
        for index, (a, b, size) in enumerate(convolutions(block, i, o)):
            conv = net.get_submodule(f"layer{layer}.{index}.conv")
            channels = min(2**k, a) if size == 3 else a
            assert conv.groups * channels == a
            assert conv.weight.shape == (b, channels, size, size)


@pytest.mark.parametrize("block", BLOCKS)
def test_a_k_past_the_channels_is_the_dense_convolution(block):
    dense, past = layer_of(block, k=3 if block == "pre" else 2), layer_of(block, k=9)
    past.load_state_dict(dense.state_dict())
    x = torch.randn(2, 4, 4, 4, dtype=torch.float64)
    assert torch.equal(past(x), dense(x))
    convs = [module for module in past.modules() if isinstance(module, BinaryConv2d)]
    assert all(conv.groups == 1 for conv in convs)
    conv = next(conv for conv in convs if conv.weight.shape[2] == 3)
    x = torch.randn(2, conv.weight.shape[1], 4, 4, dtype=torch.float64)
    torch.testing.assert_close(conv(x), conv_by_hand(x, conv.weight, 1))


def test_outputs_are_finite():
    rng = Random(0)
    for train in (True, False):
        for _ in range(5):
            network = any_network(rng, "mobilenet-8")
            net = build(network, 5).train(train)
            for x in (torch.randn(4, 1, 8, 8), torch.zeros(4, 1, 8, 8), 1e4 * torch.randn(4, 1, 8, 8)):
                assert net(x).isfinite().all(), network.describe()


@pytest.mark.parametrize("pool", ["avg", "max", "min"])
@pytest.mark.parametrize("block", BLOCKS)
def test_gradient_reaches_every_parameter(block, pool):
    net = build(Architecture.uniform("mobilenet-8", block=block, k=1, pool=pool), 5).train()
    F.cross_entropy(net(torch.randn(32, 1, 8, 8)), torch.arange(32) % 5).backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name
        assert parameter.grad.any(), name


def test_post_builds_what_mid_builds_where_the_channels_stay():
    choices = Architecture.uniform("mobilenet-8", block="mid", k=1).choices
    other = Architecture(backbone="mobilenet-8", genes=choices | {"layer2.block": "post", "layer4.block": "post"})
    shapes = [
        {name: value.shape for name, value in build(network, 5).state_dict().items()}
        for network in (Architecture(backbone="mobilenet-8", genes=choices), other)
    ]
    assert shapes[0] == shapes[1]


def test_weights_repeat_with_the_random_state():
    network, states = Architecture.uniform("mobilenet-8"), []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        states.append(torch.cat([value.flatten() for value in build(network, 5).state_dict().values()]))
    assert torch.equal(states[0], states[1])
    assert not torch.equal(states[0], states[2])

"""The supernet: what its paths compute, and which weights they share."""

from random import Random

import pytest
import torch
import torch.nn.functional as F

from mobinet import build
from mobinet.families.parts import block_diagonal
from mobinet.part import parts_of
from mobinet.supernet import Supernet
from space import Architecture, InputError, load_space

CLASSES = 7


def uniform(**choices) -> Architecture:
    return Architecture.uniform("mobilenet-8", **choices).canonical()


def drawn(space, count: int) -> list[Architecture]:
    rng = Random(3)
    return [space.sample(rng) for _ in range(count)]


@pytest.fixture(scope="module")
def space():
    return load_space()


@pytest.fixture(scope="module")
def supernet(space):
    torch.manual_seed(0)
    return Supernet(space, CLASSES)


def images(count: int = 5) -> torch.Tensor:
    return torch.randn(count, 1, 8, 8).contiguous(memory_format=torch.channels_last)


def alone(supernet: Supernet, path: Architecture) -> torch.nn.Module:
    """The stand-alone network with a copy of the shared weights."""
    net = build(path, CLASSES)
    net.load_state_dict(supernet.extract(path).state_dict())
    return net


@pytest.mark.parametrize("block", ["pre", "mid", "post"])
@pytest.mark.parametrize("k", range(5))
@pytest.mark.parametrize("pool", ["avg", "max", "min"])
def test_a_path_is_the_stand_alone_network(supernet, block, k, pool):
    check_path(supernet, uniform(block=block, k=k, pool=pool))


def check_path(supernet: Supernet, path: Architecture) -> None:
    """Outputs, gradients of the input, and gradients of the weights, which are zero off the path."""
    net, x = alone(supernet, path), images()
    inputs = [x.clone().requires_grad_() for _ in range(2)]
    supernet.train().zero_grad()
    outputs = supernet(inputs[0], path), net.train()(inputs[1])
    torch.testing.assert_close(*outputs, rtol=1e-5, atol=1e-5)
    for output in outputs:
        output.square().sum().backward()
    gradients = [each.grad / inputs[1].grad.abs().max() for each in inputs]
    torch.testing.assert_close(*gradients, rtol=0, atol=5e-5)  # what float32 rounds, as in fused/test_unit
    found, expected = (
        sorted(float(p.grad.square().sum()) for p in each.parameters() if p.grad is not None)
        for each in (supernet, net)
    )
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-6 * max(expected))


def test_mixed_paths_are_stand_alone_networks(supernet, space):
    for path in drawn(space, 10):
        check_path(supernet, path)


@pytest.mark.parametrize(
    "rules",
    [
        {"binarizer": ["trained", "react"], "tie": ["binarizer"], "activation": ["rprelu", "relu"], "k": [0, 2]},
        {"binarizer": ["xnor", "react"], "block": ["none"], "layer2": {"k": [4, 1]}},
    ],
)
def test_other_genes_are_paths_too(rules):
    space = load_space().restrict(rules)
    supernet = Supernet(space, CLASSES)
    for path in drawn(space, 6):
        check_path(supernet, path)


def test_grouped_convolutions_are_paths_too():
    space = load_space("group-conv", width=2)
    supernet = Supernet(space, CLASSES)
    for path in drawn(space, 6):
        check_path(supernet, path)


def test_depths_and_kernels_are_paths_too():
    rules = {"depth": "up to 1", "kernel": [3, 5], "copies": [1, 2], "block": ["pre", "none"], "k": [0, 2]}
    rules["resolution"] = [100, 50]
    space = load_space().restrict(rules)
    supernet = Supernet(space, CLASSES)
    seen = [uniform(depth=0, kernel=5, pool="max"), *drawn(space, 6)]
    for path in seen:
        check_path(supernet, path)
    stem_and_head = 2
    assert {3, 5} <= {len(parts_of(path, CLASSES)) - stem_and_head for path in seen} <= {3, 4, 5}


@pytest.mark.parametrize("rules", [{"growth": [1, 2]}, {"width": [50, 100]}])
def test_channels_that_vary_are_refused(rules):
    with pytest.raises(InputError, match=f"no supernet of a space with a choice of {next(iter(rules))}"):
        Supernet(load_space().restrict(rules), CLASSES)


def test_a_family_without_a_supernet_is_refused():
    with pytest.raises(InputError, match="no supernet of resnet; use one of group-conv, mobinet"):
        Supernet(load_space("resnet", input_shape=(3, 32, 32)), CLASSES)


@pytest.mark.parametrize("members", [1, 2, 4, 8])
def test_group_slicing_cuts_what_groups_do_not_share(members):
    weight, x = torch.randn(16, 8, 3, 3), torch.randn(2, 16, 5, 5)
    masked = weight.clone()
    for o in range(16):
        for i in range(8):
            channel = o // 8 * 8 + i
            if channel // members != o // members:
                masked[o, i] = 0
    expected = F.conv2d(x, masked, padding=1, groups=2)
    found = F.conv2d(x, block_diagonal(weight, members), padding=1, groups=16 // members)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_weights_are_held_once(space, supernet):
    """A widening layer has 3x3s of two widths and 1x1s of three shapes, any other a 3x3 and two 1x1s."""
    units = 3 * 5 + 2 * 3
    poolings, stem, head = 2 * 3, 1, 1
    assert len(supernet.pieces) == units + poolings + stem + head
    layers = [(4, 8), (8, 16), (16, 16), (16, 32), (32, 32)]
    binary = 0
    for i, o in layers:
        spatial = {c: c * 9 * c for c in (i, o)}  # dense: the largest K
        pointwise = 2 * i * i if i == o else i * i + i * o + o * o
        binary += sum(spatial.values()) + pointwise
    channels = sum(3 * i if i == o else 2 * i + 3 * o for i, o in layers)
    norm_and_slope = 3 * channels
    stem_and_head = 9 * 4 + 2 * 4 + 32 * CLASSES + CLASSES
    assert sum(p.numel() for p in supernet.parameters()) == binary + norm_and_slope + stem_and_head


def test_blocks_share_their_1x1_convolutions(supernet):
    """All that have the same shape: layer 2 is 16 -> 16, layer 1 is 8 -> 16."""
    weights = {
        block: {
            (layer, tuple(p.shape)): p
            for layer in ("layer1", "layer2")
            for p in getattr(supernet.extract(uniform(block=block, k=0)), layer).parameters()
            if p.dim() == 4 and p.shape[-1] == 1
        }
        for block in ("pre", "mid", "post")
    }
    for one, other, layer, shape in [
        ("pre", "mid", "layer2", (16, 16, 1, 1)),
        ("pre", "mid", "layer1", (16, 8, 1, 1)),
        ("mid", "post", "layer1", (16, 8, 1, 1)),
        ("pre", "mid", "layer1", (16, 16, 1, 1)),
    ]:
        assert torch.equal(weights[one][layer, shape], weights[other][layer, shape])


def test_an_extracted_network_is_built_alike(supernet, space):
    for path in drawn(space, 3):
        expected, found = build(path, CLASSES), supernet.extract(path)
        assert [(n, p.shape) for n, p in found.named_parameters()] == [
            (n, p.shape) for n, p in expected.named_parameters()
        ]
        assert [part.name for part in parts_of(path, CLASSES)] == [name for name, _ in found.named_children()]

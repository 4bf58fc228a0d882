"""The fused unit equals the plain one, computed in float64, where sums of +-alpha are exact."""

import copy
import warnings

import pytest
import torch

from mobinet import build, fused
from mobinet.binarizers import BINARIZERS
from mobinet.conv import BinaryConv2d
from mobinet.fused import dispatch
from mobinet.layers import ACTIVATIONS
from mobinet.unit import BinaryUnit
from space import Architecture

TOLERANCE = 5e-5
"""Largest difference, as a share of the largest value: float32 against float64."""

WIDE, NARROW = (12, 18), (7, 5)
SHAPES = {  # inputs, outputs, kernel size, groups, images, (H, W)
    "1x1": (16, 16, 1, 1, 5, NARROW),
    "1x1 doubling": (40, 80, 1, 1, 3, NARROW),
    "1x1 in slots": (48, 96, 1, 1, 21, WIDE),
    "K=0 narrow": (6, 6, 3, 6, 5, NARROW),
    "K=0": (64, 64, 3, 64, 5, NARROW),
    "K=1": (16, 16, 3, 8, 5, NARROW),
    "K=1 in slots": (32, 32, 3, 16, 21, WIDE),
    "K=2": (16, 16, 3, 4, 5, NARROW),
    "K=3": (16, 16, 3, 2, 3, NARROW),
    "K=4 in slots": (64, 64, 3, 4, 21, WIDE),
    "K=5": (64, 64, 3, 2, 3, NARROW),
    "K=1 in a row": (16, 16, 3, 8, 5, (1, 4)),
    "K=2 in a column": (16, 16, 3, 4, 5, (4, 1)),
    "K=2 narrow": (4, 4, 3, 1, 21, (9, 8)),
    "K=3 narrow": (16, 16, 3, 2, 70, (4, 4)),
    "K=2 in a point": (32, 32, 3, 8, 5, (1, 1)),
    "threes": (6, 6, 3, 2, 5, NARROW),
    "dense doubling": (8, 16, 3, 1, 5, NARROW),
}
CASES = [
    (shape, binarizer)
    for shape in SHAPES
    for binarizer in BINARIZERS
    if binarizer in ("react", "trained") or shape in ("1x1", "K=0", "K=1", "dense doubling")
]
"""Every shape with a binarizer that shifts and one whose activations are 0 and 1; a shape of each kind with all."""


def make_unit(shape: str, binarizer: str, activation: str) -> tuple[BinaryUnit, torch.Tensor, torch.Tensor]:
    """A unit with every parameter away from where it begins, an input, and a gradient of its output."""
    i, o, size, groups, images, (height, width) = SHAPES[shape]
    unit = BinaryUnit(BinaryConv2d(i, o, size, groups=groups, binarizer=binarizer), ACTIVATIONS[activation](o))
    with torch.no_grad():
        for name, parameter in unit.named_parameters():
            if name.endswith("alpha"):
                parameter *= torch.empty_like(parameter).uniform_(0.5, 2) * torch.randn_like(parameter).sign()
            elif name != "conv.weight":
                parameter += 0.3 * torch.randn_like(parameter)
        if unit.conv.binarizer.gain is not None:
            unit.conv.binarizer.gain.fill_(1.25)  # few bits: sums of gain * alpha stay exact in float64
        unit.norm.running_mean.normal_()
        unit.norm.running_var.uniform_(0.5, 2)
    x = torch.randn(images, i, height, width).to(memory_format=torch.channels_last)
    return unit, x, torch.randn(images, o, height, width)


def double_weights(unit: BinaryUnit) -> None:
    """Let a unit in float64 scale its weights by float32 numbers, whose multiples are exact there."""
    binarizer = unit.conv.binarizer
    if binarizer.weight_parameters or not binarizer.scaled:
        return
    alpha = copy.deepcopy(binarizer).scale(unit.conv.weight.float()).double()
    binarizer.scale = lambda weight: alpha


def differences(found: dict[str, torch.Tensor | None], expected: dict[str, torch.Tensor]) -> dict[str, float]:
    """Of each value, as a share of the largest, or of the norm of dL/dx for sums that can all but cancel.

    None stands for the gradient of what batch norm cancels.
    """
    smallest = expected["x"].norm()
    differences = {}
    for name, value in expected.items():
        largest = value.abs().max()
        if name not in ("out", "x", "conv.weight", "norm.running_mean", "norm.running_var"):
            largest = largest.clamp(min=smallest.item())
        given = torch.zeros_like(value) if found[name] is None else found[name]
        differences[name] = ((given - value).abs().max() / largest).item()
    return differences


def run(unit: BinaryUnit, x: torch.Tensor, gradient: torch.Tensor) -> dict[str, torch.Tensor]:
    x = x.clone().requires_grad_()
    out = unit(x)
    out.backward(gradient)
    return {
        "out": out.detach(),
        "x": x.grad,
        **{n: p.grad for n, p in unit.named_parameters()},
        **{name: buffer.clone() for name, buffer in unit.named_buffers()},
    }


@pytest.mark.parametrize("shape, binarizer", CASES)
@pytest.mark.parametrize("threads", [1, 3])
def test_equals_the_reference_in_training(shape, binarizer, threads):
    for activation in ACTIVATIONS if shape in ("1x1", "K=1") else ("prelu",):
        unit, x, gradient = make_unit(shape, binarizer, activation)
        plain = copy.deepcopy(unit).double()
        double_weights(plain)
        assert fused.fusable(unit, x)
        assert not fused.fusable(plain, x.double())
        fused.use_threads(threads)
        found = run(unit, x, gradient)
        fused.use_threads(1)
        expected = run(plain, x.double(), gradient.double())
        assert found.keys() == expected.keys()
        assert {n: d for n, d in differences(found, expected).items() if not d < TOLERANCE} == {}, activation


@pytest.mark.parametrize("shape, binarizer", CASES)
def test_equals_the_reference_in_inference(shape, binarizer):
    for activation in ACTIVATIONS if shape == "1x1" else ("prelu",):
        unit, x, _ = make_unit(shape, binarizer, activation)
        unit.eval()
        plain = copy.deepcopy(unit).double()
        with torch.no_grad():
            assert fused.fusable(unit, x)
            torch.testing.assert_close(unit(x).double(), plain(x.double()), rtol=TOLERANCE, atol=TOLERANCE)


def test_statistics_far_from_zero():
    """Sums of squares about zero would lose what a channel of little spread has."""
    unit, x, gradient = make_unit("1x1", "ste", "rprelu")
    with torch.no_grad():
        unit.activation.before.fill_(-30)
    plain = copy.deepcopy(unit).double()
    found, expected = run(unit, x, gradient), run(plain, x.double(), gradient.double())
    assert max(differences(found, expected).values()) < 1e-3


@pytest.mark.parametrize("threads", [2, 5, 8])
def test_threads_do_not_change_a_bit(threads):
    unit, x, gradient = make_unit("K=4 in slots", "react", "rprelu")
    other = copy.deepcopy(unit)
    found = run(unit, x, gradient)
    fused.use_threads(threads)
    again = run(other, x, gradient)
    fused.use_threads(1)
    assert all(value is again[name] or torch.equal(value, again[name]) for name, value in found.items())


def test_contiguous_input_and_weights_in_channels_last():
    unit, x, gradient = make_unit("K=2", "xnor", "prelu")
    other = copy.deepcopy(unit).to(memory_format=torch.channels_last)
    found, again = run(unit, x, gradient), run(other, x.contiguous(), gradient.to(memory_format=torch.channels_last))
    assert all(torch.equal(value, again[name]) for name, value in found.items())


def test_a_network_has_the_same_loss():
    network = Architecture.uniform("mobilenet-8", block="mid", k=2, pool="max")
    net, x, labels = build(network, 10), torch.randn(32, 1, 8, 8), torch.randint(10, (32,))
    found = torch.nn.functional.cross_entropy(copy.deepcopy(net)(x), labels).item()
    with fused.disabled():
        expected = torch.nn.functional.cross_entropy(net(x), labels).item()
    assert found == pytest.approx(expected, rel=1e-4)


def test_what_the_kernels_do_not_cover_runs_as_the_reference():
    unit, x, _ = make_unit("1x1", "xnor", "prelu")
    assert not fused.fusable(unit.eval(), x)  # a gradient through running statistics
    assert not fused.fusable(unit.train(), x.half())
    with fused.disabled():
        assert not fused.fusable(unit, x)
    assert fused.fusable(unit, x)
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        unit(x[:1, :, :1, :1])

    class Own(type(unit.conv.binarizer)):
        def activations(self, x):
            return super().activations(2 * x)

    unit = BinaryUnit(BinaryConv2d(16, 16, 1, binarizer="xnor"), ACTIVATIONS["prelu"](16))
    unit.conv.binarizer = Own(16, 16)
    assert not fused.fusable(unit, x)


def frozen(norm):
    norm.eval()


def cumulative(norm):
    norm.momentum = None


def without_running_statistics(norm):
    norm.__init__(norm.num_features, track_running_stats=False)


def not_tracking_any_more(norm):
    norm.track_running_stats = False


def without_weights(norm):
    norm.__init__(norm.num_features, affine=False)


@pytest.mark.parametrize(
    "change", [frozen, cumulative, without_running_statistics, not_tracking_any_more, without_weights]
)
def test_another_batch_norm_runs_as_the_reference(change):
    unit, x, _ = make_unit("1x1", "xnor", "prelu")
    unit(x)
    change(unit.norm)
    plain = copy.deepcopy(unit)
    with fused.disabled():
        expected = plain(x)
    assert torch.equal(unit(x), expected)
    for name, value in plain.state_dict().items():
        assert torch.equal(unit.state_dict()[name], value), name


def test_without_the_kernels_the_reference_runs_and_says_so_once(monkeypatch):
    unit, x, gradient = make_unit("1x1", "xnor", "prelu")
    plain = copy.deepcopy(unit)
    with fused.disabled():
        expected = run(plain, x, gradient)
    dispatch.kernels.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "mobinet.fused.cpu", None)
    monkeypatch.delattr("mobinet.fused.cpu")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = run(unit, x, gradient)
        unit(x)
    dispatch.kernels.cache_clear()
    assert [str(warning.message).split(",")[0] for warning in said] == ["training without the fused kernels for cpu"]
    assert [name for name, value in expected.items() if not torch.equal(value, found[name])] == []


def test_shapes_that_do_not_fit_are_refused_as_the_reference_refuses_them():
    unit, x, _ = make_unit("1x1", "ste", "prelu")
    with pytest.raises(RuntimeError):
        unit(x.repeat(1, 2, 1, 1))
    narrowing = BinaryUnit(BinaryConv2d(16, 8, 1, binarizer="ste"), ACTIVATIONS["prelu"](8))
    assert not fused.fusable(narrowing, x)


def test_a_scale_of_its_own_is_used():
    class Half(BINARIZERS["xnor"]):
        def scale(self, weight):
            return 0.5 * super().scale(weight)

    unit, x, gradient = make_unit("1x1", "xnor", "prelu")
    unit.conv.binarizer = Half(16, 16)
    plain = copy.deepcopy(unit)
    with fused.disabled():
        expected = run(plain, x, gradient)
    torch.testing.assert_close(run(unit, x, gradient)["out"], expected["out"], rtol=1e-4, atol=1e-4)


def test_other_libraries_round_to_whole_numbers():
    unit, x, gradient = make_unit("K=5", "ste", "prelu")
    other = copy.deepcopy(unit)
    found = run(unit, x, gradient)
    with torch.backends.mkldnn.flags(enabled=False):
        again = run(other, x, gradient)
    assert max(differences(again, {n: v for n, v in found.items() if v is not None}).values()) < TOLERANCE

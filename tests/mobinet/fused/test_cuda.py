"""The fused unit's Triton kernels against plain modules in float64; interpreted where there is no GPU."""

from collections.abc import Callable
from dataclasses import astuple
from unittest.mock import patch

import pytest
import torch
from torch import Tensor

from mobinet.binarizers import BINARIZERS
from mobinet.conv import BinaryConv2d
from mobinet.fused.dispatch import kernels
from mobinet.fused.spec import Parameters, UnitSpec, WeightRule
from mobinet.layers import RPReLU
from mobinet.unit import BinaryUnit

pytest.importorskip("triton")

SURROGATES = {
    "ste": ((1.0, 0.0, 1.0, 0.0, 0.0), -1.0),
    "melius": ((1.0, 0.0, 1.3, 0.0, 0.0), -1.0),
    "approxsign": ((2.0, 2.0, 1.0, 0.0, 0.0), -1.0),
    "react": ((2.0, 2.0, 1.0, 0.0, 0.0), -1.0),
    "trained": ((2.0, 4.0, 0.4, 0.4, 1.0), 0.0),
}
TOLERANCE = {torch.float32: 3e-5, torch.bfloat16: 2e-2}
"""Of the largest difference in a tensor, over the largest value there or 1.

In float32 the gradients of before and slope, sums that all but cancel, are as far off in modules too; the rest is
within 3e-6. bfloat16 has 8 bits of mantissa.
"""
NAMES = ["x", "weight", "shift", "before", "slope", "gamma", "beta"]
ALPHA = 2.0**-3
"""Of the binary weights: sums of it are exact, so that PReLU sees the same zeros in float32 and float64."""

Run = Callable[..., dict[str, float]]


def tensors(i: int, o: int, k: int, groups: int, seed: int = 0) -> dict[str, Tensor]:
    """What a unit learns and its running statistics; every other `before` is 0, so that PReLU sees zeros."""
    torch.manual_seed(seed)
    before = torch.randn(o)
    before[::2] = 0
    return {
        "weight": torch.where(torch.rand(o, i // groups, k, k) < 0.5, ALPHA, -ALPHA),
        "shift": torch.randn(i) / 4,
        "before": before,
        "slope": 0.25 + torch.rand(o) / 2,
        "gamma": 1 + torch.randn(o) / 4,
        "beta": torch.randn(o),
        "running_mean": torch.randn(o),
        "running_var": torch.rand(o) + 0.5,
    }


def plain(binarizer: str, groups: int, given: dict[str, Tensor]) -> tuple[BinaryUnit, list[Tensor]]:
    """The unit made of modules, and its leaves in the order of NAMES but for x."""
    weight, shift, *rest = (tensor.clone() for tensor in given.values())
    o, i, k, _ = weight.shape
    conv = BinaryConv2d(i * groups, o, k, groups=groups, binarizer=binarizer)
    unit = BinaryUnit(conv, RPReLU(o)).double()
    weight.requires_grad_()
    shift.requires_grad_()
    conv.binary_weight = lambda: weight
    conv.register_forward_pre_hook(lambda _, args: (args[0] - shift.view(-1, 1, 1),))
    leaves = [unit.activation.before, unit.activation.prelu.weight, unit.norm.weight, unit.norm.bias]
    with torch.no_grad():
        for target, value in zip([*leaves, unit.norm.running_mean, unit.norm.running_var], rest):
            target.copy_(value.view_as(target))
    return unit, [weight, shift, *leaves]


def difference(found: Tensor, expected: Tensor) -> float:
    expected = expected.detach().view_as(found)
    return ((found.cpu().double() - expected).abs().max() / expected.abs().max().clamp(min=1)).item()


def differences(
    device: str,
    binarizer: str,
    shape: tuple[int, int, int, int],
    o: int,
    k: int,
    groups: int = 1,
    dtype: torch.dtype = torch.float32,
    memory_format: torch.memory_format = torch.channels_last,
    blocks: int | None = None,
    rows: int | None = None,
    before: float | None = None,
) -> dict[str, float]:
    """Of a training step, then of an evaluation: how far what the kernels find is from the unit of modules."""
    from mobinet.fused import cuda
    from mobinet.fused.cuda import launch

    given = tensors(shape[1], o, k, groups)
    if before is not None:
        given["before"].fill_(before)
    x = torch.randn(shape)
    x[0, :, 0, 0] = given["shift"]
    x = x.to(dtype).contiguous(memory_format=memory_format)
    grad = torch.randn(shape[0], o, *shape[2:]).to(dtype)
    unit, leaves = plain(binarizer, groups, {name: tensor.double() for name, tensor in given.items()})
    expected_x = x.double().requires_grad_()
    expected = unit(expected_x)
    gradients = torch.autograd.grad(expected, [expected_x, *leaves], grad.double())
    expected_evaluation = unit.eval()(expected_x)

    surrogate, low = SURROGATES[binarizer]
    spec = UnitSpec(surrogate, low, x.shape[1], groups, k // 2, unit.norm.eps, unit.norm.momentum)
    *learned, mean, var = (tensor.to(device) for tensor in given.values())
    x, grad = x.to(device), grad.to(device)
    exact = torch.backends.cudnn.flags(enabled=True, allow_tf32=False)
    at_most = patch.multiple(launch, BLOCKS=blocks or launch.BLOCKS, BLOCK_M=rows or launch.BLOCK_M)
    with exact, at_most:
        batches = torch.tensor(7, device=device)
        parameters = Parameters(*learned, mean, var, batches)
        out, saved, others = cuda.forward(x, parameters, spec)
        found = cuda.backward(saved, others, grad, spec)
        evaluation = cuda.evaluate(x, parameters, spec)

    assert batches == 8
    assert out.dtype == evaluation.dtype == dtype
    assert out.is_contiguous(memory_format=torch.channels_last)
    assert [gradient.dtype for gradient in found] == [dtype] * 2 + [torch.float32] * 5
    assert [gradient.shape for gradient in found] == [tensor.shape for tensor in (x, *learned)]
    return {
        "out": difference(out, expected),
        "evaluation": difference(evaluation, expected_evaluation),
        "running_mean": difference(mean, unit.norm.running_mean),
        "running_var": difference(var, unit.norm.running_var),
    } | {name: difference(*pair) for name, *pair in zip(NAMES, found, gradients)}


def weight_differences(device: str, binarizer: str, shape: tuple[int, ...], dtype: torch.dtype) -> dict[str, float]:
    """How far binary weights, and the gradient of latent ones, are from what the binarizer's own modules give."""
    from mobinet.fused.cuda import binarised, latent_gradient_of

    torch.manual_seed(0)
    module = BINARIZERS[binarizer](shape[1], shape[0])
    latent, grad = torch.randn(shape) / 2, torch.randn(shape).to(dtype)
    latent[0, 0] = 0
    expected_latent = latent.double().requires_grad_()
    expected = module.double().weights(expected_latent)
    (gradient,) = torch.autograd.grad(expected, expected_latent, grad.double())
    rule = WeightRule(astuple(module.weight_surrogate), module.scaled, module.through_scale)
    binary, alphas = binarised(latent.to(device), rule, dtype)
    found = latent_gradient_of(grad.to(device), latent.to(device), alphas, rule)
    assert binary.dtype == dtype and found.dtype == torch.float32
    return {"binary": difference(binary, expected), "gradient": difference(found, gradient)}


def differences_of_zeros(device: str) -> dict[str, float]:
    """How far a unit without shift, before and slope is from one in which they are zeros."""
    from mobinet.fused import cuda

    given = tensors(16, 32, 1, 1)
    x, grad = (torch.randn(3, channels, 7, 5, device=device) for channels in (16, 32))
    spec = UnitSpec(*SURROGATES["ste"], 16, 1, 0, 1e-5, 0.1)
    found = []
    for zeros in (True, False):
        for name in ("shift", "before", "slope"):
            given[name] = torch.zeros_like(given[name]) if zeros else None
        values = [None if t is None else t.clone().to(device) for t in given.values()]
        parameters = Parameters(*values, torch.tensor(0, device=device))
        out, saved, others = cuda.forward(x, parameters, spec)
        found.append([out, *cuda.backward(saved, others, grad, spec), cuda.evaluate(x, parameters, spec)])
    return {
        name: difference(*pair) for name, *pair in zip(["out", *NAMES, "evaluation"], *found) if pair[1] is not None
    }


def assert_close(found: dict[str, float], dtype: torch.dtype = torch.float32) -> None:
    assert {name: value for name, value in found.items() if not value <= TOLERANCE[dtype]} == {}


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("binarizer", SURROGATES)
def test_every_surrogate(run: Run, binarizer: str, dtype: torch.dtype):
    assert_close(run(differences, binarizer, (3, 6, 7, 5), 12, 3, dtype=dtype), dtype)


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("k", range(5))
def test_groups_of_3x3(run: Run, k: int, dtype: torch.dtype):
    assert_close(run(differences, "ste", (3, 48, 7, 5), 48, 3, groups=48 >> k, dtype=dtype), dtype)


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize(
    "inputs, outputs, kernel_size, groups",
    [(40, 40, 1, 1), (40, 80, 1, 1), (7, 7, 1, 1), (16, 16, 3, 1), (16, 32, 3, 1), (16, 32, 3, 8), (6, 12, 1, 2)],
)
def test_products_and_skips(run: Run, inputs: int, outputs: int, kernel_size: int, groups: int, dtype: torch.dtype):
    found = run(differences, "approxsign", (5, inputs, 3, 9), outputs, kernel_size, groups=groups, dtype=dtype)
    assert_close(found, dtype)


@pytest.mark.parametrize("shape", [(8, 8, 1, 1), (1, 8, 9, 7), (4, 8, 4, 4), (1, 8, 13, 5)])
def test_sizes_about_those_of_a_block(run: Run, shape: tuple[int, int, int, int]):
    assert_close(run(differences, "ste", shape, 16, 1))


@pytest.mark.parametrize("blocks", [1, 2, 4])
def test_programs_that_take_several_tiles(run: Run, blocks: int):
    assert_close(run(differences, "trained", (3, 16, 13, 11), 32, 1, blocks=blocks))


@pytest.mark.parametrize("blocks", [7, 14])
def test_blocks_whose_sums_one_tile_holds_or_not(run: Run, blocks: int):
    assert_close(run(differences, "trained", (3, 16, 7, 5), 32, 1, blocks=blocks, rows=8))


def test_any_memory_format(run: Run):
    assert_close(run(differences, "ste", (3, 6, 7, 5), 6, 3, memory_format=torch.contiguous_format))


def test_what_a_unit_has_not_is_zero(run: Run):
    assert set(run(differences_of_zeros).values()) == {0.0}


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("shape", [(5, 7, 1, 1), (3, 40, 3, 3), (4, 1, 3, 3)])
@pytest.mark.parametrize("binarizer", ["xnor", "approxsign", "react", "ste"])
def test_latent_weights(run: Run, binarizer: str, shape: tuple[int, ...], dtype: torch.dtype):
    assert_close(run(weight_differences, binarizer, shape, dtype), dtype)


def test_variance_of_values_far_from_zero(run: Run):
    found = run(differences, "ste", (3, 6, 13, 11), 6, 3, before=-64.0)
    assert found["running_var"] < 1e-6 and found["out"] < 3e-6


@pytest.mark.skipif(torch.cuda.is_available(), reason="here a kernel can be launched")
def test_kernels_that_cannot_be_launched_are_left_alone_with_a_warning():
    with pytest.warns(UserWarning, match="training without the fused kernels for cuda"):
        assert kernels.__wrapped__("cuda") is None

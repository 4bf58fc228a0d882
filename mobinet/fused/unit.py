"""Which units run fused, and on what; `mobinet.unit.BinaryUnit` is the plain reference beside it."""

import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import astuple
from functools import cache
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from mobinet.binarizers import Binarizer
from mobinet.fused.constants import Constants, Parameters, WeightRule
from mobinet.layers import RPReLU

_DTYPES = {"cpu": (torch.float32,), "cuda": (torch.float32, torch.bfloat16)}

_enabled = True


@contextmanager
def disabled() -> Iterator[None]:
    """Within it the reference runs everywhere."""
    global _enabled
    before, _enabled = _enabled, False
    try:
        yield
    finally:
        _enabled = before


def use_threads(threads: int) -> bool:
    """How many threads work on one batch on the CPU, and whether any can. If so, torch itself should have one."""
    if cpu := kernels("cpu"):
        cpu.use_threads(threads)
    return cpu is not None


@cache
def kernels(device: str) -> ModuleType | None:
    """The fused kernels of a type of device. Where they cannot be loaded it says so, once."""
    try:
        if device == "cpu":
            from mobinet.fused import cpu as module
        else:
            from mobinet.fused import cuda as module
    except (ImportError, RuntimeError) as error:  # Numba raises the latter where it finds no folder for its cache
        warnings.warn(f"training without the fused kernels for {device}, several times slower: {error}", stacklevel=2)
        return None
    return module


def fusable(unit: nn.Module, x: Tensor) -> bool:
    """Whether the fused kernels compute this `mobinet.unit.BinaryUnit` on this input."""
    return _means(unit, x) is not None


def _means(unit: nn.Module, x: Tensor) -> tuple[Constants, ModuleType] | None:
    """What `run` needs beside the unit, if it computes this one on this input."""
    device = x.device.type
    if (
        _enabled
        and x.dtype in _DTYPES.get(device, ())
        and x.dim() == 4
        and x.numel() > x.shape[1]  # batch norm refuses a single row
        and (unit.training or not torch.is_grad_enabled())
        and not (torch.jit.is_tracing() or torch.compiler.is_compiling())
        and (known := constants(unit, device)) is not None
        and x.shape[1] == known.inputs
        and (module := kernels(device)) is not None
    ):
        return known, module
    return None


def run(unit: nn.Module, x: Tensor) -> Tensor | None:
    """What `unit(x)` is, by fused kernels; (N, I, H, W) -> (N, O, H, W). None where they do not compute it."""
    means = _means(unit, x)
    if means is None:
        return None
    known, module = means
    given, after = _parameters(unit, known)
    with _without_autocast(x.device.type):
        if unit.training:
            out = _Fused.apply(known, module, x, *given)
            if after is not None:  # which batch norm takes away again: only the running mean sees it
                given.running_mean.add_(after.detach(), alpha=known.momentum)
            return out
        given = Parameters(*(None if t is None else t.detach() for t in given))
        if after is not None:
            given = given._replace(running_mean=given.running_mean - after)
        return module.evaluate(x, given, known)


def _parameters(unit: nn.Module, known: Constants) -> tuple[Parameters, Tensor | None]:
    """What the unit has learned, and what its activation adds last, per channel.

    Looked up where modules keep it: nn.Module.__getattr__ would take a tenth of a small unit's time.
    """
    conv, activation, norm = unit._modules.values()
    binarizer, (gamma, beta) = conv._modules["binarizer"], norm._parameters.values()
    shift, gain = (binarizer._parameters[name] for name in ("shift", "gain"))
    weight = conv._parameters["weight"] if known.weight else conv.binary_weight()
    if gain is not None:
        weight = gain * weight
    before, after, slope = None, None, activation._parameters.get("weight")
    if isinstance(activation, RPReLU):
        before, slope, after = _flat(activation.before), activation.prelu.weight, _flat(activation.after)
    return Parameters(weight, _flat(shift), before, slope, gamma, beta, *norm._buffers.values()), after


def _without_autocast(device: str) -> AbstractContextManager:
    return torch.autocast(device, enabled=False) if torch.is_autocast_enabled(device) else nullcontext()


def constants(unit: nn.Module, device: str) -> Constants | None:
    """What the kernels must know of a unit, or None if they do not cover it; looked up once for each way to run it."""
    known = unit.__dict__.setdefault("_constants", {})
    conv, _, norm = unit._modules.values()
    latent = device == "cpu" and unit.training and conv._buffers["scale"] is None
    key = latent, type(conv._modules["binarizer"]), norm.eps, norm.momentum
    if key not in known:
        known[key] = _constants(unit, latent) if _covered(unit) else None
    return known[key]


def _covered(unit: nn.Module) -> bool:
    conv, activation, size = unit.conv, unit.activation, unit.conv.weight.shape[2]
    filters, inputs = len(conv.weight), conv.weight.shape[1] * conv.groups
    return (
        type(conv.binarizer).activations is Binarizer.activations
        and (type(activation) in (nn.ReLU, RPReLU) or type(activation) is nn.PReLU and activation.num_parameters > 1)
        and (size == 3 or size == 1 and conv.groups == 1)
        and (conv.stride, conv.padding, conv.low_border) == (1, size // 2, False)
        and filters in (inputs, 2 * inputs)
        and conv.weight[0].numel() < 2**15  # what an output counts must fit int16
    )


def _constants(unit: nn.Module, latent: bool) -> Constants:
    conv, norm, binarizer = unit.conv, unit.norm, unit.conv.binarizer
    rule = None
    own = (type(binarizer).weights, type(binarizer).scale) != (Binarizer.weights, Binarizer.scale)
    if latent and not own and binarizer.gain is None:
        rule = WeightRule(astuple(binarizer.weight_surrogate), binarizer.scaled, binarizer.through_scale)
    return Constants(
        surrogate=astuple(binarizer.activation_surrogate),
        low=binarizer.low,
        inputs=conv.weight.shape[1] * conv.groups,
        groups=conv.groups,
        padding=conv.padding,
        eps=norm.eps,
        momentum=norm.momentum,
        weight=rule,
    )


def _flat(parameter: Tensor | None) -> Tensor | None:
    return None if parameter is None else parameter.flatten()


class _Fused(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, unit: Constants, module: ModuleType, x: Tensor, *given: Tensor | None) -> Tensor:
        out, saved, ctx.others = module.forward(x, Parameters(*given), unit)
        ctx.save_for_backward(*saved)
        ctx.unit, ctx.module = unit, module
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        gradients = ctx.module.backward(ctx.saved_tensors, ctx.others, grad, ctx.unit)
        wanted = (g if needed else None for g, needed in zip(gradients, ctx.needs_input_grad[2:]))
        return None, None, *wanted, None, None, None

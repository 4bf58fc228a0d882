"""Which units run fused, and on what; `mobinet.unit.BinaryUnit` is the plain reference beside it."""

import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from mobinet.fused.coverage import spec_of
from mobinet.fused.leaves import Leaves, leaves_of, slope_of
from mobinet.fused.settings import settings
from mobinet.fused.spec import Parameters, UnitSpec
from mobinet.layers import RPReLU

_DTYPES = {"cpu": (torch.float32,), "cuda": (torch.float32, torch.bfloat16)}


@contextmanager
def disabled() -> Iterator[None]:
    """Within it the reference runs everywhere."""
    before, settings.enabled = settings.enabled, False
    try:
        yield
    finally:
        settings.enabled = before


def use_threads(threads: int) -> bool:
    """How many threads work on one batch on the CPU, and whether any can. If so, torch itself should have one."""
    available = kernels("cpu") is not None
    if available:
        settings.threads = threads
    return available


def available(device: str) -> bool:
    """Whether there are fused kernels for a type of device, and they can be loaded."""
    return device in _DTYPES and kernels(device) is not None


@cache
def kernels(device: str) -> ModuleType | None:
    """The fused kernels of a type of device. Where they cannot be loaded it says so, once."""
    try:
        if device == "cpu":
            from mobinet.fused import cpu as module
        else:
            from mobinet.fused import cuda as module

            module.probe()
    except Exception as error:  # no compiler, no header files, no folder for a cache, a driver that is too old
        warnings.warn(f"training without the fused kernels for {device}, several times slower: {error}", stacklevel=2)
        return None
    return module


class _Plan(NamedTuple):
    """What `run` needs beside the input."""

    leaves: Leaves
    spec: UnitSpec
    module: ModuleType


def fusable(unit: nn.Module, x: Tensor) -> bool:
    """Whether the fused kernels compute this `mobinet.unit.BinaryUnit` on this input."""
    return _plan(unit, x) is not None


def _plan(unit: Any, x: Tensor) -> _Plan | None:
    device = x.device.type
    if (
        settings.enabled
        and x.dtype in _DTYPES.get(device, ())
        and x.dim() == 4
        and x.numel() > x.shape[1]  # batch norm refuses a single row
        and (unit.training or not torch.is_grad_enabled())
        and not (torch.jit.is_tracing() or torch.compiler.is_compiling())  # pyright: ignore[reportPrivateImportUsage]
    ):
        leaves = leaves_of(unit)
        covered = leaves.norm.training == unit.training and not leaves.conv.float_weights
        spec = spec_of(leaves, unit.training, unit.specs) if covered else None
        if spec is not None and x.shape[1] == spec.inputs and (module := kernels(device)) is not None:
            return _Plan(leaves, spec, module)
    return None


def run(unit: nn.Module, x: Tensor) -> Tensor | None:
    """What `unit(x)` is, by fused kernels; (N, I, H, W) -> (N, O, H, W). None where they do not compute it."""
    plan = _plan(unit, x)
    if plan is None:
        return None
    parameters, after = _parameters(plan.leaves, plan.spec)
    with _without_autocast(x.device.type):
        if unit.training:
            out = _Fused.apply(plan.spec, plan.module, x, *parameters)
            if after is not None:  # which batch norm takes away again: only the running mean sees it
                parameters.running_mean.add_(after.detach(), alpha=plan.spec.momentum)
            return out
        parameters = Parameters._make(None if t is None else t.detach() for t in parameters)
        if after is not None:
            parameters = parameters._replace(running_mean=parameters.running_mean - after)
        return plan.module.evaluate(x, parameters, plan.spec)


def _parameters(leaves: Leaves, spec: UnitSpec) -> tuple[Parameters, Tensor | None]:
    """What the unit has learned, and what its activation adds last, per channel."""
    weight = leaves.weight if spec.weight else leaves.conv.binary_weight()
    if leaves.gain is not None:
        weight = leaves.gain * weight
    activation = leaves.activation
    before, slope, after = None, slope_of(activation), None
    if isinstance(activation, RPReLU):
        before, slope, after = _flat(activation.before), activation.prelu.weight, _flat(activation.after)
    norm = leaves.gamma, leaves.beta, leaves.running_mean, leaves.running_var, leaves.batches
    return Parameters(weight, _flat(leaves.shift), before, slope, *norm), after


def _without_autocast(device: str) -> AbstractContextManager:
    return torch.autocast(device, enabled=False) if torch.is_autocast_enabled(device) else nullcontext()


def _flat(parameter: Tensor | None) -> Tensor | None:
    return None if parameter is None else parameter.flatten()


class _Fused(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, spec: UnitSpec, module: ModuleType, x: Tensor, *parameters: Tensor | None) -> Tensor:
        out, saved, ctx.others = module.forward(x, Parameters._make(parameters), spec)
        ctx.save_for_backward(*saved)
        ctx.spec, ctx.module = spec, module
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        gradients = ctx.module.backward(ctx.saved_tensors, ctx.others, grad, ctx.spec)
        wanted = (g if needed else None for g, needed in zip(gradients, ctx.needs_input_grad[2:]))
        return None, None, *wanted, None, None, None

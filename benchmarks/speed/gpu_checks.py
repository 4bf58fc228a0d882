"""Whether the kernels compute on a GPU what plain modules compute there."""

from contextlib import nullcontext

import torch
from torch import Tensor, nn

from mobinet import fused
from mobinet.conv import BinaryConv2d
from mobinet.fused.ahead import BinaryWeights
from mobinet.unit import BinaryUnit
from space import InputError

TOLERANCE = 1e-3
"""Of the largest value. Kernels that add in another order differ by less than a tenth of it, wrong ones by more."""


def checked(text: str, *, right: bool) -> str:
    """The line of a check; an error where it fails, for the speed of what computes wrong is of no use."""
    if not right:
        raise InputError(f"{text}; this GPU computes wrong, search with --device cpu")
    return text


def largest(values: list[float]) -> float:
    """NaN if one is, which Python's `max` may leave out."""
    return torch.tensor(values, dtype=torch.float64).max().item()


def far_apart(found: Tensor, expected: Tensor) -> float:
    return ((found - expected).abs().max() / expected.abs().max()).item()


def ramp(like: Tensor) -> Tensor:
    """A gradient."""
    return torch.linspace(-1, 1, like.numel(), device=like.device).view_as(like)


def check_kernels(net: nn.Module) -> str:
    """Every unit of a network on what it is given there: one sign that rounds the other way changes all behind it.

    Raises InputError where a unit computes something else.
    """
    given: list[Tensor] = []
    units = [module for module in net.modules() if isinstance(module, BinaryUnit)]
    for unit in units:
        unit.conv.weight.data = torch.where(unit.conv.weight >= 0, 0.125, -0.125)  # whose sums are exact
        unit.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0].detach().clone()))
    outputs, gradients = [], []
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        with fused.disabled():
            net(torch.randn(32, 3, 32, 32, generator=torch.Generator().manual_seed(0)).to(units[0].conv.weight.device))
        for unit, x in zip(units, given[: len(units)]):
            found, expected = step_of(unit, x), step_of(unit, x, reference=True)
            outputs.append(far_apart(found[0], expected[0]))
            gradients.append(far_apart(found[1], expected[1]))
    text = (
        f"of {len(units)} units, outputs differ from the reference's by at most {largest(outputs):.1e} of the largest, "
        f"gradients of inputs by {largest(gradients):.1e}"
    )
    return checked(text, right=largest(outputs + gradients) <= TOLERANCE)


def step_of(unit: nn.Module, x: Tensor, *, reference: bool = False) -> tuple[Tensor, Tensor]:
    """A unit's output, and the gradient of its input."""
    x = x.contiguous(memory_format=torch.channels_last).requires_grad_()
    with fused.disabled() if reference else nullcontext():
        out = unit(x)
        (gradient,) = torch.autograd.grad(out, x, ramp(out))
    return out.detach(), gradient


def check_weights(net: nn.Module) -> str:
    """The binary weights that are made at once, and the gradients through them. Raises InputError if they are wrong."""
    convs = [module for module in net.modules() if isinstance(module, BinaryConv2d)]
    with BinaryWeights(net).made():
        made = [conv.binary_weight() for conv in convs]
    own = [conv.binary_weight() for conv in convs]
    latent = [conv.weight for conv in convs]
    given = [ramp(weights) for weights in own]
    found, expected = (torch.autograd.grad(weights, latent, given) for weights in (made, own))
    far = largest([far_apart(*pair) for pair in zip((*made, *found), (*own, *expected))])
    text = f"binary weights made at once, and their gradients, differ by at most {far:.1e} of the largest"
    return checked(text, right=far <= TOLERANCE)

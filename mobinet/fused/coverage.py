"""Which units the kernels compute, and what they must know of one."""

from dataclasses import astuple

from torch import nn

from mobinet.binarizers import Binarizer
from mobinet.fused.leaves import Leaves
from mobinet.fused.spec import UnitSpec, WeightRule
from mobinet.layers import RPReLU


def spec_of(leaves: Leaves, training: bool, specs: dict[tuple, UnitSpec | None]) -> UnitSpec | None:
    """What the kernels must know of a unit, or None if they do not cover it.

    Worked out once for each way to run it, and kept in `specs`.
    """
    latent = training and leaves.scale is None and leaves.binary is None
    norm, binarizer = leaves.norm, leaves.binarizer
    key = (
        (latent, type(leaves.activation), leaves.conv.low_border)
        + (type(norm), norm.eps, norm.momentum, norm.affine, norm.track_running_stats)
        + (type(binarizer), binarizer.activation_surrogate, binarizer.weight_surrogate, binarizer.low)
    )
    if key not in specs:
        specs[key] = _spec(leaves, latent) if _covered(leaves) else None
    return specs[key]


def _covered(leaves: Leaves) -> bool:
    conv, activation, norm = leaves.conv, leaves.activation, leaves.norm
    filters, members, size, _ = leaves.weight.shape
    inputs = members * conv.groups
    return (
        type(leaves.binarizer).activations is Binarizer.activations
        and (type(activation) in (nn.ReLU, RPReLU) or type(activation) is nn.PReLU and activation.num_parameters > 1)
        and (type(norm) is nn.BatchNorm2d and norm.affine and norm.track_running_stats and norm.momentum is not None)
        and (size == 3 or size == 1 and conv.groups == 1)
        and (conv.stride, conv.padding, conv.low_border) == (1, size // 2, False)
        and filters in (inputs, 2 * inputs)
        and leaves.weight[0].numel() < 2**15  # what an output counts must fit int16
    )


def _spec(leaves: Leaves, latent: bool) -> UnitSpec:
    conv, norm, binarizer = leaves.conv, leaves.norm, leaves.binarizer
    return UnitSpec(
        surrogate=astuple(binarizer.activation_surrogate),
        low=binarizer.low,
        inputs=leaves.weight.shape[1] * conv.groups,
        groups=conv.groups,
        padding=conv.padding,
        eps=norm.eps,
        momentum=norm.momentum,
        weight=weight_rule(binarizer) if latent and leaves.gain is None else None,
    )


def weight_rule(binarizer: Binarizer) -> WeightRule | None:
    """How the kernels binarise the weights; None where the binarizer has a way of its own."""
    if (type(binarizer).weights, type(binarizer).scale) != (Binarizer.weights, Binarizer.scale):
        return None
    return WeightRule(astuple(binarizer.weight_surrogate), binarizer.scaled, binarizer.through_scale)

"""What every device's fused unit is told."""

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor

Pieces = tuple[float, float, float, float, float]
"""A `mobinet.binarizers.base.Surrogate` as peak, fall, knee, tail, reach."""


@dataclass(frozen=True)
class WeightRule:
    """How latent weights become alpha * sign(W), see `mobinet.binarizers.base.Binarizer`."""

    surrogate: Pieces
    scaled: bool
    through_scale: bool


@dataclass(frozen=True)
class UnitSpec:
    """A fused unit: sign -> binary convolution -> PReLU -> batch norm, + skip.

    Args:
        surrogate: with d = |x - shift|, the derivative of sign is peak - fall * d where d <= knee, else tail where
            d <= reach, else 0.
        low: the lower of the two values of sign.
        inputs: channels of the input.
        groups: of the convolution.
        padding: border of zeros on each side.
        eps: added to the variance.
        momentum: of the running statistics, as in nn.BatchNorm2d.
        weight: how to binarize the weights, or None where they are +-alpha already.
    """

    surrogate: Pieces
    low: float
    inputs: int
    groups: int
    padding: int
    eps: float
    momentum: float
    weight: WeightRule | None = None


class Parameters(NamedTuple):
    """The tensors of a fused unit, float32.

    weight is (O, I / groups, k, k); shift (I,), before and slope (O,) are None where the unit has none; gamma, beta and
    the running statistics are (O,). These and the number of batches so far, (), training updates in place.
    """

    weight: Tensor
    shift: Tensor | None
    before: Tensor | None
    slope: Tensor | None
    gamma: Tensor
    beta: Tensor
    running_mean: Tensor
    running_var: Tensor
    batches: Tensor

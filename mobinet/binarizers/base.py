"""The interface every way to binarize one convolution answers to."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

Slope = Callable[[Tensor], Tensor]


class Binarizer(nn.Module, ABC):
    """Turns the input and the latent weights of one convolution into 1 bit each.

    Args:
        in_channels: channels of the activations.
        out_channels: filters of the convolution.
    """

    low: float = -1.0
    """The lower of the two values of activations."""

    weight_parameters: tuple[str, ...] = ()
    """Names of the parameters that scale the weights: an L2 penalty may hold them; packed weights need them no more."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()

    @abstractmethod
    def activations(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> two values per element, (N, C, H, W)."""

    @abstractmethod
    def weights(self, weight: Tensor) -> Tensor:
        """Latent (O, I, kH, kW) -> `scale(weight) * sign(weight)`, (O, I, kH, kW)."""

    @abstractmethod
    def scale(self, weight: Tensor) -> Tensor:
        """Latent (O, I, kH, kW) -> the float scale of each filter, (O, 1, 1, 1)."""

    def weight_scales(self) -> list[nn.Parameter]:
        """The parameters that `weight_parameters` names, as long as there are any."""
        return [scale for name in self.weight_parameters if (scale := getattr(self, name)) is not None]

    def init_weight(self, weight: Tensor) -> None:
        """Fill latent weights in place."""
        nn.init.kaiming_normal_(weight)


def sign(x: Tensor, low: float = -1.0) -> Tensor:
    """1 where x >= 0, else `low`, which is -1: there is no zero in one bit."""
    return torch.where(x >= 0, 1.0, low).to(x.dtype)


def surrogate_sign(x: Tensor, slope: Slope, *, low: float = -1.0) -> Tensor:
    """1 where x >= 0, else `low`, with `slope(x)` in place of the derivative."""
    return _SurrogateSign.apply(x, slope, low)


def mean_magnitude(weight: Tensor) -> Tensor:
    """The mean of |W| over each filter, (O, I, kH, kW) -> (O, 1, 1, 1), without gradient."""
    return weight.detach().abs().mean((1, 2, 3), keepdim=True)


class _SurrogateSign(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, slope: Slope, low: float) -> Tensor:
        ctx.save_for_backward(x)
        ctx.slope = slope
        return sign(x, low)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        (x,) = ctx.saved_tensors
        return grad * ctx.slope(x), None, None

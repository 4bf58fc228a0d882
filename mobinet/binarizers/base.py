"""The interface every way to binarize one convolution answers to."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


@dataclass(frozen=True)
class Surrogate:
    """What stands in for the derivative of sign: a function of d = |x| in straight pieces.

    peak - fall * d where d <= knee, else tail where d <= reach, else 0.
    """

    peak: float
    fall: float
    knee: float
    tail: float = 0.0
    reach: float = 0.0

    def __call__(self, x: Tensor) -> Tensor:
        distance = x.abs()
        if not self.fall and not self.tail:
            return self.peak * (distance <= self.knee).to(x.dtype)
        beyond = self.tail * (distance <= self.reach).to(x.dtype)
        return torch.where(distance <= self.knee, self.peak - self.fall * distance, beyond)


def within(threshold: float) -> Surrogate:
    """1 where |x| <= threshold, else 0."""
    return Surrogate(peak=1.0, fall=0.0, knee=threshold)


class Binarizer(nn.Module):
    """Turns the input and the latent weights of one convolution into 1 bit each.

    Activations: `gain` * (1 where x >= `shift`, else `low`), with `activation_surrogate` in place of the derivative.
    Weights: alpha * sign(W) for each filter, with alpha = mean |W| if they are `scaled`, else 1. Their gradient is
    dL/dW~ * (alpha * `weight_surrogate`(W) + 1 / n), where 1 / n, with n the weights of a filter, is there if the
    gradient flows `through_scale`.

    A binarizer that does not override `activations` trains in fused kernels, see `mobinet.fused`.

    Args:
        in_channels: channels of the activations.
        out_channels: filters of the convolution.
    """

    activation_surrogate: Surrogate
    weight_surrogate: Surrogate
    scaled: bool = True
    through_scale: bool = False

    low: float = -1.0
    """The lower of the two values of activations."""

    weight_parameters: tuple[str, ...] = ()
    """Names of the parameters that scale the weights: an L2 penalty may hold them; packed weights need them no more."""

    shift: nn.Parameter | None
    gain: nn.Parameter | None

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.register_parameter("shift", None)
        self.register_parameter("gain", None)

    def activations(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> two values per element, (N, C, H, W)."""
        signs = surrogate_sign(x if self.shift is None else x - self.shift, self.activation_surrogate, low=self.low)
        return signs if self.gain is None else self.gain * signs

    def weights(self, weight: Tensor) -> Tensor:
        """Latent (O, I, kH, kW) -> `scale(weight) * sign(weight)`, (O, I, kH, kW)."""
        return _ScaledSign.apply(weight, self.scale(weight), self.weight_surrogate, self.through_scale)

    def scale(self, weight: Tensor) -> Tensor:
        """Latent (O, I, kH, kW) -> the float scale of each filter, (O, 1, 1, 1), without gradient."""
        if self.scaled:
            return weight.detach().abs().mean((1, 2, 3), keepdim=True)
        return torch.ones_like(weight[:, :1, :1, :1])

    def weight_scales(self) -> list[nn.Parameter]:
        """The parameters that `weight_parameters` names, as long as there are any."""
        return [scale for name in self.weight_parameters if (scale := getattr(self, name)) is not None]

    def init_weight(self, weight: Tensor) -> None:
        """Fill latent weights in place."""
        nn.init.kaiming_normal_(weight)


def sign(x: Tensor, low: float = -1.0) -> Tensor:
    """1 where x >= 0, else `low`, which is -1: there is no zero in one bit."""
    return torch.where(x >= 0, 1.0, low).to(x.dtype)


def surrogate_sign(x: Tensor, slope: Surrogate, *, low: float = -1.0) -> Tensor:
    """1 where x >= 0, else `low`, with `slope(x)` in place of the derivative."""
    return _SurrogateSign.apply(x, slope, low)


class _SurrogateSign(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, slope: Surrogate, low: float) -> Tensor:
        ctx.save_for_backward(x)
        ctx.slope = slope
        return sign(x, low)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        (x,) = ctx.saved_tensors
        return grad * ctx.slope(x), None, None


class _ScaledSign(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, weight: Tensor, alpha: Tensor, slope: Surrogate, through_scale: bool) -> Tensor:
        ctx.save_for_backward(weight, alpha)
        ctx.slope, ctx.through_scale = slope, through_scale
        return torch.where(weight >= 0, alpha, -alpha)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        weight, alpha = ctx.saved_tensors
        whole = ctx.through_scale / weight[0].numel()
        return grad * (alpha * ctx.slope(weight) + whole), None, None, None

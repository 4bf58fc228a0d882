"""XNOR scaling.

Rastegari et al., "XNOR-Net: ImageNet Classification Using Binary Convolutional Neural Networks", ECCV 2016,
arXiv 1603.05279; as MoBiNet (WACV 2020) uses it.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from mobinet.binarizers.base import Binarizer, sign


class XNOR(Binarizer):
    """Weights: alpha * sign(W), alpha = mean |W| over each filter. Activations: sign(x).

    Gradients: dL/dx = dL/dsign(x) * 1[|x| <= 1]; dL/dW = dL/dW~ * (1/n + alpha * 1[|W| <= 1]) with W~ the binary
    weights and n the number of weights in a filter (section 3.1 of the paper).
    """

    def activations(self, x: Tensor) -> Tensor:
        return _SignSTE.apply(x)

    def weights(self, weight: Tensor) -> Tensor:
        return _ScaledSign.apply(weight, self.scale(weight.detach()))

    def scale(self, weight: Tensor) -> Tensor:
        return weight.abs().mean((1, 2, 3), keepdim=True)


class _SignSTE(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return sign(x)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return torch.where(x.abs() <= 1, grad, 0)


class _ScaledSign(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, weight: Tensor, alpha: Tensor) -> Tensor:
        ctx.save_for_backward(weight, alpha)
        return torch.where(weight >= 0, alpha, -alpha)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        weight, alpha = ctx.saved_tensors
        return grad * torch.where(weight.abs() <= 1, alpha + 1 / weight[0].numel(), 1 / weight[0].numel()), None

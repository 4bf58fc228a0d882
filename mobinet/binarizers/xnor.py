"""XNOR scaling.

Rastegari et al., "XNOR-Net: ImageNet Classification Using Binary Convolutional Neural Networks", ECCV 2016,
arXiv 1603.05279; as MoBiNet (WACV 2020) uses it.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from mobinet.binarizers.base import Binarizer, mean_magnitude, surrogate_sign
from mobinet.binarizers.ste import within


class XNOR(Binarizer):
    """Weights: alpha * sign(W), alpha = mean |W| over each filter. Activations: sign(x).

    Gradients: dL/dx = dL/dsign(x) * 1[|x| <= 1]; dL/dW = dL/dW~ * (1/n + alpha * 1[|W| <= 1]) with W~ the binary
    weights and n the number of weights in a filter (section 3.1 of the paper).
    """

    def activations(self, x: Tensor) -> Tensor:
        return surrogate_sign(x, within(1.0))

    def weights(self, weight: Tensor) -> Tensor:
        return _ScaledSign.apply(weight, self.scale(weight))

    def scale(self, weight: Tensor) -> Tensor:
        return mean_magnitude(weight)


class _ScaledSign(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, weight: Tensor, alpha: Tensor) -> Tensor:
        ctx.save_for_backward(weight, alpha)
        return torch.where(weight >= 0, alpha, -alpha)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        weight, alpha = ctx.saved_tensors
        whole = 1 / weight[0].numel()
        return grad * torch.where(weight.abs() <= 1, alpha + whole, whole), None

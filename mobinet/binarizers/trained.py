"""Trained binarization: the scales of weights and activations are trained.

Xu and Cheung, "Accurate and Compact Convolutional Neural Networks with Trained Binarization", BMVC 2019,
arXiv 1909.11366.
"""

import torch
from torch import Tensor, nn

from mobinet.binarizers.base import Binarizer, surrogate_sign


def weight_slope(w: Tensor) -> Tensor:
    """4 - 8 |w| on |w| <= 0.5, else 0: of sign(w)."""
    return (4 - 8 * w.abs()).clamp_(min=0)


def activation_slope(a: Tensor) -> Tensor:
    """2 - 4 |a| up to |a| = 0.4, 0.4 up to 1, else 0: of step(a)."""
    distance = a.abs()
    return torch.where(distance <= 0.4, 2 - 4 * distance, 0.4 * (distance <= 1).to(a.dtype))


class Trained(Binarizer):
    """alpha * sign(W), alpha trained per filter; beta * step(a), 0 or beta, beta trained for the layer.

    Gradients: `weight_slope` and `activation_slope`. Latent weights beyond 0.5 would get none, so they begin within
    0.25. The paper holds alpha with an L2 penalty, and W with none.
    """

    low = 0.0
    weight_parameters = ("alpha",)

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels)
        self.alpha = nn.Parameter(torch.ones(out_channels, 1, 1, 1))
        self.beta = nn.Parameter(torch.ones(()))

    def activations(self, x: Tensor) -> Tensor:
        return self.beta * surrogate_sign(x, activation_slope, low=self.low)

    def weights(self, weight: Tensor) -> Tensor:
        return self.alpha * surrogate_sign(weight, weight_slope)

    def scale(self, weight: Tensor) -> Tensor:
        return self.alpha.detach()

    def init_weight(self, weight: Tensor) -> None:
        nn.init.uniform_(weight, -0.25, 0.25)
        with torch.no_grad():
            self.alpha.fill_((2 / weight[0].numel()) ** 0.5)

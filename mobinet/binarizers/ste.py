"""The straight-through estimator.

Hubara et al., "Binarized Neural Networks", NeurIPS 2016, arXiv 1602.02830.
"""

import math

import torch
from torch import Tensor

from mobinet.binarizers.base import Binarizer, Slope, surrogate_sign


def within(threshold: float) -> Slope:
    """1 where |x| <= threshold, else 0."""
    return lambda x: (x.abs() <= threshold).to(x.dtype)


class STE(Binarizer):
    """sign(x) and sign(W), unscaled. Gradients: 1 where |x| <= 1, and where |W| <= 1, else 0."""

    activation_threshold = 1.0
    weight_threshold = 1.0

    def activations(self, x: Tensor) -> Tensor:
        return surrogate_sign(x, within(self.activation_threshold))

    def weights(self, weight: Tensor) -> Tensor:
        return surrogate_sign(weight, within(self.weight_threshold))

    def scale(self, weight: Tensor) -> Tensor:
        return torch.ones_like(weight[:, :1, :1, :1])


class MeliusSTE(STE):
    """As MeliusNet (arXiv 2001.05936) has it: activations pass up to |x| = 1.3, weights everywhere."""

    activation_threshold = 1.3
    weight_threshold = math.inf

"""The interface every way to binarize one convolution answers to."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn


def sign(x: Tensor) -> Tensor:
    """+1 where x >= 0, else -1: there is no zero in one bit."""
    return torch.where(x >= 0, 1.0, -1.0).to(x.dtype)


class Binarizer(nn.Module, ABC):
    """Turns the input and the latent weights of one convolution into 1 bit each.

    Args:
        in_channels: channels of the activations.
        out_channels: filters of the convolution.
    """

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

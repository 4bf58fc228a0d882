"""The small layers between the convolutions, by the names architectures use."""

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class MinPool2d(nn.Module):
    """The smallest value of each 2x2 window, (N, C, H, W) -> (N, C, H/2, W/2)."""

    def forward(self, x: Tensor) -> Tensor:
        return -F.max_pool2d(-x, 2)


POOLINGS = {"avg": partial(nn.AvgPool2d, 2), "max": partial(nn.MaxPool2d, 2), "min": MinPool2d}


class Repeat(nn.Module):
    """All channels, several times, (N, C, H, W) -> (N, times * C, H, W)."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x] * self.times, dim=1)


class RPReLU(nn.Module):
    """PReLU(x - before) + after, all three trained per channel; (N, C, H, W) -> the same.

    Liu et al., "ReActNet", ECCV 2020, arXiv 2003.03488, equation 2.

    Args:
        channels: C.
        slope: that PReLU begins with below zero.
    """

    def __init__(self, channels: int, slope: float = 0.25) -> None:
        super().__init__()
        self.before = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.prelu = nn.PReLU(channels, init=slope)
        self.after = nn.Parameter(torch.zeros(1, channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.prelu(x - self.before) + self.after


ACTIVATIONS = {"prelu": nn.PReLU, "relu": lambda channels: nn.ReLU(), "rprelu": RPReLU}
"""From the number of channels; PReLU has one slope for each."""

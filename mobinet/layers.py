"""The small layers between the convolutions, by the names architectures use."""

from functools import partial

import torch.nn.functional as F
from torch import Tensor, nn

from mobinet.conv import BinaryConv2d


class MinPool2d(nn.Module):
    """The smallest value of each 2x2 window, (N, C, H, W) -> (N, C, H/2, W/2)."""

    def forward(self, x: Tensor) -> Tensor:
        return -F.max_pool2d(-x, 2)


POOLINGS = {"avg": partial(nn.AvgPool2d, 2), "max": partial(nn.MaxPool2d, 2), "min": MinPool2d}


def activation_of(name: str, channels: int) -> nn.Module:
    """`prelu` (one slope per channel) or `relu`."""
    return nn.PReLU(channels) if name == "prelu" else nn.ReLU()


class BinaryUnit(nn.Module):
    """sign -> binary convolution -> activation -> batch norm, + skip; (N, I, H, W) -> (N, O, H, W).

    The skip has no parameters: the input itself where O = I, the input concatenated with itself where O = 2 I.
    MoBiNet (WACV 2020), section 3.
    """

    def __init__(self, conv: BinaryConv2d, activation: nn.Module) -> None:
        super().__init__()
        self.conv = conv
        self.activation = activation
        self.norm = nn.BatchNorm2d(conv.weight.shape[0])

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.activation(self.conv(x)))
        return y + (x if x.shape[1] == y.shape[1] else x.repeat(1, 2, 1, 1))

"""The binary convolution."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mobinet.binarizers import BINARIZERS
from mobinet.binarizers.base import sign


class BinaryConv2d(nn.Module):
    """A convolution of 1-bit activations with 1-bit weights, (N, I, H, W) -> (N, O, H, W), size kept, no bias.

    While it trains, `weight` holds float latent weights. After `pack_weights` it holds only their signs beside a
    scale per filter, and the layer computes the same values to the bit, for inference only.

    Args:
        in_channels: I.
        out_channels: O.
        kernel_size: odd.
        groups: must divide I and O.
        binarizer: a name in `mobinet.binarizers.BINARIZERS`.
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, *, groups: int = 1, binarizer: str
    ) -> None:
        super().__init__()
        self.groups = groups
        self.padding = kernel_size // 2
        self.weight = nn.Parameter(torch.empty(out_channels, in_channels // groups, kernel_size, kernel_size))
        nn.init.kaiming_normal_(self.weight)
        self.binarizer = BINARIZERS[binarizer](in_channels, out_channels)
        self.register_buffer("scale", None)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(self.binarizer.activations(x), self.binary_weight(), padding=self.padding, groups=self.groups)

    def binary_weight(self) -> Tensor:
        """The weights the convolution uses, (O, I / groups, kH, kW)."""
        return self.binarizer.weights(self.weight) if self.scale is None else self.weight * self.scale

    @torch.no_grad()
    def pack_weights(self) -> None:
        """Replace the latent weights by their signs and one scale per filter."""
        self.scale = self.binarizer.scale(self.weight)
        self.weight = nn.Parameter(sign(self.weight), requires_grad=False)

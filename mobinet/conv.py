"""The binary convolution."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mobinet.binarizers import BINARIZERS
from mobinet.binarizers.base import sign


class BinaryConv2d(nn.Module):
    """A convolution of 1-bit activations with 1-bit weights, (N, I, H, W) -> (N, O, H', W'), no bias.

    While it trains, `weight` holds float latent weights. After `pack_weights` it holds only their signs beside a
    scale per filter, and the layer computes the same values to the bit, for inference only.

    Args:
        in_channels: I.
        out_channels: O.
        kernel_size: kH = kW.
        stride: H / H'.
        padding: border on each side; by default what keeps the size.
        low_border: whether the border is the lower of the two values, one bit as well, or zero.
        groups: must divide I and O.
        binarizer: a name in `mobinet.binarizers.BINARIZERS`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        stride: int = 1,
        padding: int | None = None,
        low_border: bool = False,
        groups: int = 1,
        binarizer: str,
    ) -> None:
        super().__init__()
        self.stride = stride
        self.padding = kernel_size // 2 if padding is None else padding
        self.low_border = low_border
        self.groups = groups
        self.binarizer = BINARIZERS[binarizer](in_channels, out_channels)
        self.weight = nn.Parameter(torch.empty(out_channels, in_channels // groups, kernel_size, kernel_size))
        self.binarizer.init_weight(self.weight)
        self.register_buffer("scale", None)
        self.float_weights = False
        """Whether it computes with the latent weights themselves, as in the first of two steps of a training."""
        self.binary: Tensor | None = None
        """The binary weights, where they are made ahead, see `mobinet.fused.ahead`."""

    def forward(self, x: Tensor) -> Tensor:
        x, padding = self.binarizer.activations(x), self.padding
        if self.low_border:
            x, padding = F.pad(x, (padding,) * 4, value=self.binarizer.low), 0
        return F.conv2d(x, self.binary_weight(), stride=self.stride, padding=padding, groups=self.groups)

    def binary_weight(self) -> Tensor:
        """The weights the convolution uses, (O, I / groups, kH, kW)."""
        if self.float_weights:
            return self.weight
        if self.binary is not None:
            return self.binary
        return self.binarizer.weights(self.weight) if self.scale is None else self.weight * self.scale

    @torch.no_grad()
    def pack_weights(self) -> None:
        """Replace the latent weights, and what the binarizer holds for them, by their signs and a scale per filter."""
        if self.scale is not None:
            return
        self.scale = self.binarizer.scale(self.weight)
        self.weight = nn.Parameter(sign(self.weight), requires_grad=False)
        for name in self.binarizer.weight_parameters:
            setattr(self.binarizer, name, None)

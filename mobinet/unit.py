"""The unit that MoBiNet is made of: a binary convolution with what surrounds it."""

from torch import Tensor, nn

from mobinet import fused
from mobinet.conv import BinaryConv2d
from mobinet.fused.spec import UnitSpec


class BinaryUnit(nn.Module):
    """sign -> binary convolution -> activation -> batch norm, + skip; (N, I, H, W) -> (N, O, H, W).

    The skip has no parameters: the input itself where O = I, the input concatenated with itself where O = 2 I.
    MoBiNet (WACV 2020), section 3. In float32 it runs in fused kernels; what stands here is their reference.
    """

    def __init__(self, conv: BinaryConv2d, activation: nn.Module) -> None:
        super().__init__()
        self.conv = conv
        self.activation = activation
        self.norm = nn.BatchNorm2d(conv.weight.shape[0])
        self.specs: dict[tuple, UnitSpec | None] = {}
        """What the fused kernels were told of this unit, see `mobinet.fused.coverage.spec_of`."""

    def forward(self, x: Tensor) -> Tensor:
        out = fused.run(self, x)
        if out is not None:
            return out
        y = self.norm(self.activation(self.conv(x)))
        return y + (x if x.shape[1] == y.shape[1] else x.repeat(1, 2, 1, 1))

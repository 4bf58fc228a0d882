"""Builds networks of NAS-BNN; see space/families/nas_bnn.py.

Lin et al., "NAS-BNN: Neural Architecture Search for Binary Neural Networks", 2024, arXiv 2408.15484. A block is
ReActNet's, but that one 1x1 widens where ReActNet has two of them: Liu et al., "ReActNet", ECCV 2020, arXiv 2003.03488.
What differs from the authors' repository: the stem's weights are float, not of 8 bits; weights are not normalized
before they are binarized; and a unit begins as its shortcut plus a little, so that some forty in a row also learn in a
short training. The paper's other training strategies are of its supernet.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from mobinet.conv import BinaryConv2d
from mobinet.families.parts import Head
from mobinet.families.parts import Stem as MobileNetStem
from mobinet.layers import RPReLU
from mobinet.part import Chain, Part
from space import Architecture
from space.families.nas_bnn import STAGES, BlockChoice, stages_of, stem_channels_of
from space.image_sizes import is_large

FIRST_GAIN = 0.25
"""Of batch norms behind binary convolutions, when a training begins."""


class NASBNNUnit(nn.Module):
    """sign -> binary convolution -> batch norm, + shortcut -> RPReLU.

    (N, I, H, W) -> (N, O, ceil(H / stride), ceil(W / stride)), with O >= I. The shortcut has no parameters: average
    pooling where there is a stride, at the border of an odd map the mean of the pixels that there are; then the
    channels again from the first on, until there are O. RPReLU begins as a straight line.
    """

    def __init__(self, i: int, o: int, kernel: int, *, stride: int, groups: int, binarizer: str) -> None:
        super().__init__()
        self.conv = BinaryConv2d(i, o, kernel, stride=stride, groups=groups, binarizer=binarizer)
        self.norm = nn.BatchNorm2d(o)
        nn.init.constant_(self.norm.weight, FIRST_GAIN)
        self.pool = nn.AvgPool2d(stride, ceil_mode=True) if stride > 1 else nn.Identity()
        self.activation = RPReLU(o, slope=1.0)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.conv(x))
        return self.activation(y + repeated(self.pool(x), y.shape[1]))


def repeated(x: Tensor, channels: int) -> Tensor:
    """The channels of x again from the first on, until there are so many: (N, C, H, W) -> (N, channels, H, W)."""
    times = -(-channels // x.shape[1])
    return x if times == 1 else x.repeat(1, times, 1, 1)[:, :channels]


@dataclass(frozen=True, kw_only=True)
class Stem(MobileNetStem):
    """Float 3x3 convolution, batch norm, RPReLU: (N, C, H, W) -> (N, O, ceil(H / stride), ceil(W / stride))."""

    def build(self) -> nn.Sequential:
        return nn.Sequential(*super().build(), RPReLU(self.out_channels))


@dataclass(frozen=True, kw_only=True)
class Stage(Chain):
    """Blocks of two units: a grouped convolution that keeps the channels, and a 1x1.

    (N, I, H, W) -> (N, O, ceil(H / stride), ceil(W / stride)).

    Args:
        channels: that enter it.
        blocks: with their channels before the factor `width`.
        stride: of the first block.
    """

    channels: int
    blocks: tuple[BlockChoice, ...]
    width: float
    stride: int
    binarizer: str

    def pieces(self) -> tuple[Part, ...]:
        found, channels = [], self.channels
        for index, block in enumerate(self.blocks):
            spatial = Unit(
                in_channels=channels,
                out_channels=channels,
                kernel=block.kernel,
                stride=1 if index else self.stride,
                groups=block.groups,
                binarizer=self.binarizer,
            )
            out = int(block.channels * self.width)
            point = Unit(in_channels=channels, out_channels=out, kernel=1, binarizer=self.binarizer)
            found += [spatial, point]
            channels = out
        return tuple(found)


@dataclass(frozen=True, kw_only=True)
class Unit(Part):
    """One binary convolution and what surrounds it, (N, I, H, W) -> (N, O, ceil(H / stride), ceil(W / stride))."""

    in_channels: int
    out_channels: int
    kernel: int
    stride: int = 1
    groups: int = 1
    binarizer: str

    def build(self) -> nn.Module:
        return NASBNNUnit(
            self.in_channels,
            self.out_channels,
            self.kernel,
            stride=self.stride,
            groups=self.groups,
            binarizer=self.binarizer,
        )


def parts(architecture: Architecture, num_classes: int) -> tuple[Part, ...]:
    colours, side, _ = architecture.input_shape
    choices, width = architecture.effective, architecture.width
    stride = 2 if is_large(architecture.input_shape) else 1
    channels, side = int(stem_channels_of(choices) * width), -(-side // stride)
    found: list[Part] = [Stem(in_channels=colours, out_channels=channels, stride=stride)]
    for index, (stage, of) in enumerate(zip(stages_of(choices), STAGES, strict=True)):
        stride = of.stride if side > 2 else 1
        found.append(
            Stage(
                name=f"stage{index}",
                channels=channels,
                blocks=stage.blocks,
                width=width,
                stride=stride,
                binarizer=stage.binarizer,
            )
        )
        channels, side = int(stage.blocks[-1].channels * width), -(-side // stride)
    return *found, Head(channels=channels, num_classes=num_classes)

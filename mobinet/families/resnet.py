"""Builds binary ResNets; see space/families/resnet.py.

Liu et al., "Bi-Real Net: Enhancing the Performance of 1-bit CNNs with Improved Representational Capability and
Advanced Training Algorithm", ECCV 2018, arXiv 1808.00278.
"""

from dataclasses import dataclass, replace

from torch import Tensor, nn

from mobinet.conv import BinaryConv2d
from mobinet.families.parts import Head, ImageNetStem
from mobinet.part import Chain, Part
from space import Architecture
from space.families.resnet import network_of, stage_channels


class ResidualUnit(nn.Module):
    """sign -> binary 3x3 -> batch norm, + shortcut: (N, I, H, W) -> (N, O, ceil(H / stride), ceil(W / stride)).

    The shortcut is the input itself or, where the shape changes, 2x2 average pooling, a 1x1 and a batch norm. At the
    border of an odd map the pooling takes the mean of the pixels that there are.
    """

    def __init__(self, i: int, o: int, *, stride: int, shortcut: str, binarizer: str) -> None:
        super().__init__()
        self.conv = BinaryConv2d(i, o, 3, stride=stride, binarizer=binarizer)
        self.norm = nn.BatchNorm2d(o)
        self.shortcut: nn.Module = nn.Identity()
        if (i, stride) != (o, 1):
            pointwise = (
                nn.Conv2d(i, o, 1, bias=False) if shortcut == "float" else BinaryConv2d(i, o, 1, binarizer=binarizer)
            )
            self.shortcut = nn.Sequential(nn.AvgPool2d(stride, ceil_mode=True), pointwise, nn.BatchNorm2d(o))

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x)) + self.shortcut(x)


@dataclass(frozen=True, kw_only=True)
class Stage(Chain):
    """Binary units, the first of which may downsample: (N, I, H, W) -> (N, O, H / stride, W / stride)."""

    in_channels: int
    out_channels: int
    convs: int
    stride: int
    shortcut: str
    binarizer: str

    def pieces(self) -> tuple[Part, ...]:
        i, o = self.in_channels, self.out_channels
        first = Unit(
            in_channels=i,
            out_channels=o,
            stride=self.stride,
            shortcut=self.shortcut,
            binarizer=self.binarizer,
        )
        return first, *[replace(first, in_channels=o, stride=1)] * (self.convs - 1)


@dataclass(frozen=True, kw_only=True)
class Unit(Part):
    """One convolution and its shortcut, (N, I, H, W) -> (N, O, H / stride, W / stride)."""

    in_channels: int
    out_channels: int
    stride: int
    shortcut: str
    binarizer: str

    def build(self) -> nn.Module:
        return ResidualUnit(
            self.in_channels, self.out_channels, stride=self.stride, shortcut=self.shortcut, binarizer=self.binarizer
        )


def parts(architecture: Architecture, num_classes: int) -> tuple[Part, ...]:
    chosen, widths = network_of(architecture.choices), stage_channels(architecture.width)
    stem = ImageNetStem(in_channels=architecture.input_shape[0], unit=widths[0] // 2, kind=chosen.stem)
    stages = [
        Stage(
            name=f"stage{index}",
            in_channels=widths[max(0, index - 1)],
            out_channels=widths[index],
            convs=stage.convs,
            stride=1 if index == 0 else 2,
            shortcut=chosen.shortcut,
            binarizer=stage.binarizer,
        )
        for index, stage in enumerate(chosen.stages)
    ]
    return stem, *stages, Head(channels=widths[-1], num_classes=num_classes)

"""Builds VGG-Small; see space/families/vgg_small.py. As LQ-Nets (ECCV 2018, arXiv 1807.10029) introduced it."""

from dataclasses import dataclass

from torch import nn

from mobinet.conv import BinaryConv2d
from mobinet.families.parts import Stem
from mobinet.part import Part
from space import Architecture
from space.binarizers import binarizers_of
from space.families.vgg_small import scaled_convs
from space.image_sizes import is_large


@dataclass(frozen=True, kw_only=True)
class Conv(Part):
    """Binary 3x3 convolution, 2x2 max pooling where `pooled`, batch norm: (N, I, H, W) -> (N, O, H, W), or half."""

    in_channels: int
    out_channels: int
    pooled: bool
    binarizer: str

    def build(self) -> nn.Module:
        conv = BinaryConv2d(self.in_channels, self.out_channels, 3, binarizer=self.binarizer)
        return nn.Sequential(conv, *([nn.MaxPool2d(2)] if self.pooled else []), nn.BatchNorm2d(self.out_channels))


@dataclass(frozen=True, kw_only=True)
class Head(Part):
    """A float linear layer on all pixels, (N, C, H, W) -> (N, num_classes)."""

    name: str = "head"
    features: int
    num_classes: int

    def build(self) -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(self.features, self.num_classes))


def parts(architecture: Architecture, num_classes: int) -> tuple[Part, ...]:
    colours, side, _ = architecture.input_shape
    stride = 2 if is_large(architecture.input_shape) else 1
    (channels, _), *binary = scaled_convs(architecture.width)
    found: list[Part] = [Stem(name="conv0", in_channels=colours, out_channels=channels, stride=stride)]
    side = -(-side // stride)
    for (out, pooled), (name, binarizer) in zip(binary, binarizers_of(architecture.choices).items(), strict=True):
        found.append(Conv(name=name, in_channels=channels, out_channels=out, pooled=pooled, binarizer=binarizer))
        channels, side = out, side // 2 if pooled else side
    return *found, Head(features=channels * side * side, num_classes=num_classes)

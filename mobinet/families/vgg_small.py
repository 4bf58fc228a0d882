"""Builds VGG-Small; see space/families/vgg_small.py. As LQ-Nets (ECCV 2018, arXiv 1807.10029) introduced it."""

from dataclasses import dataclass

from torch import nn

from mobinet.conv import BinaryConv2d
from mobinet.part import Part
from space import Architecture
from space.binarizers import binarizers_of
from space.families.vgg_small import scaled_convs


@dataclass(frozen=True, kw_only=True)
class Conv(Part):
    """3x3 convolution, 2x2 max pooling where `pooled`, batch norm; float without a binarizer.

    (N, I, H, W) -> (N, O, H, W), or half the size.
    """

    in_channels: int
    out_channels: int
    pooled: bool
    binarizer: str | None

    def build(self) -> nn.Module:
        i, o = self.in_channels, self.out_channels
        if self.binarizer is None:
            conv: nn.Module = nn.Conv2d(i, o, 3, padding=1, bias=False)
        else:
            conv = BinaryConv2d(i, o, 3, binarizer=self.binarizer)
        return nn.Sequential(conv, *([nn.MaxPool2d(2)] if self.pooled else []), nn.BatchNorm2d(o))


@dataclass(frozen=True, kw_only=True)
class Head(Part):
    """A float linear layer on all pixels, (N, C, H, W) -> (N, num_classes)."""

    name: str = "head"
    features: int
    num_classes: int

    def build(self) -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(self.features, self.num_classes))


def parts(architecture: Architecture, num_classes: int) -> tuple[Part, ...]:
    channels, size, _ = architecture.input_shape
    convs = scaled_convs(architecture.width)
    binarizers = None, *binarizers_of(architecture.choices).values()  # the first is float
    found = []
    for index, ((out, pooled), binarizer) in enumerate(zip(convs, binarizers, strict=True)):
        found.append(
            Conv(name=f"conv{index}", in_channels=channels, out_channels=out, pooled=pooled, binarizer=binarizer)
        )
        channels, size = out, size // 2 if pooled else size
    return *found, Head(features=channels * size * size, num_classes=num_classes)

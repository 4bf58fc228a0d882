"""Builds binary AlexNet; see space/families/alexnet.py. No groups and no local response norm."""

from dataclasses import dataclass

from torch import nn

from mobinet.conv import BinaryConv2d
from mobinet.part import Part
from space import Architecture
from space.binarizers import binarizers_of
from space.families.alexnet import last_side


@dataclass(frozen=True, kw_only=True)
class Stem(Part):
    """Float 11x11 stride-4 convolution, batch norm, ReLU, 3x3 max pooling: (N, C, H, W) -> (N, 96, H', W')."""

    name: str = "conv1"
    in_channels: int

    def build(self) -> nn.Module:
        conv = nn.Conv2d(self.in_channels, 96, 11, stride=4, padding=2, bias=False)
        return nn.Sequential(conv, nn.BatchNorm2d(96), nn.ReLU(), nn.MaxPool2d(3, stride=2))


@dataclass(frozen=True, kw_only=True)
class Layer(Part):
    """Batch norm, binary convolution and, where `pooled`, 3x3 max pooling: (N, I, H, W) -> (N, O, H', W')."""

    in_channels: int
    out_channels: int
    size: int
    padding: int
    pooled: bool = False
    binarizer: str

    def build(self) -> nn.Module:
        conv = BinaryConv2d(
            self.in_channels, self.out_channels, self.size, padding=self.padding, binarizer=self.binarizer
        )
        pool = [nn.MaxPool2d(3, stride=2)] if self.pooled else []
        return nn.Sequential(nn.BatchNorm2d(self.in_channels), conv, *pool)


@dataclass(frozen=True, kw_only=True)
class Head(Part):
    """Batch norm, ReLU, float linear layer: (N, C, 1, 1) -> (N, num_classes)."""

    name: str = "fc8"
    channels: int
    num_classes: int

    def build(self) -> nn.Module:
        norm, linear = nn.BatchNorm2d(self.channels), nn.Linear(self.channels, self.num_classes)
        return nn.Sequential(norm, nn.ReLU(), nn.Flatten(), linear)


def parts(architecture: Architecture, num_classes: int) -> tuple[Part, ...]:
    colours, side, _ = architecture.input_shape
    shapes = (  # in_channels, out_channels, size, padding, pooled
        (96, 256, 5, 2, True),
        (256, 384, 3, 1, False),
        (384, 384, 3, 1, False),
        (384, 256, 3, 1, True),
        (256, 4096, last_side(side), 0, False),
        (4096, 4096, 1, 0, False),
    )
    binarizers = binarizers_of(architecture.choices)
    binary = [
        Layer(name=name, in_channels=i, out_channels=o, size=size, padding=padding, pooled=pooled, binarizer=binarizer)
        for (name, binarizer), (i, o, size, padding, pooled) in zip(binarizers.items(), shapes, strict=True)
    ]
    return Stem(in_channels=colours), *binary, Head(channels=4096, num_classes=num_classes)

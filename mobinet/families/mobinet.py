"""Builds MoBiNet; the architecture is described in space/families/mobinet.py.

Phan et al., "MoBiNet: A Mobile Binary Network for Image Classification", WACV 2020, arXiv 1907.12629.
"""

from dataclasses import dataclass

from torch import nn

from mobinet.conv import BinaryConv2d
from mobinet.layers import ACTIVATIONS, POOLINGS
from mobinet.part import Chain, Part
from mobinet.unit import BinaryUnit
from space import Architecture
from space.families.mobinet import Backbone, find_backbone
from space.gene import Choices


@dataclass(frozen=True, kw_only=True)
class Stem(Part):
    """Float 3x3 convolution and batch norm, (N, C, H, W) -> (N, O, H/stride, W/stride).

    No activation follows: the signs of a rectified input would all be alike.
    """

    name: str = "stem"
    in_channels: int
    out_channels: int
    stride: int

    def build(self) -> nn.Module:
        conv = nn.Conv2d(self.in_channels, self.out_channels, 3, stride=self.stride, padding=1, bias=False)
        return nn.Sequential(conv, nn.BatchNorm2d(self.out_channels))


@dataclass(frozen=True, kw_only=True)
class Layer(Chain):
    """A separable layer: binary convolutions at the input's resolution, then the pooling.

    (N, I, H, W) -> (N, O, H, W), or (N, O, H/2, W/2) where `pool` is given.
    """

    in_channels: int
    out_channels: int
    block: str
    k: int
    pool: str | None
    activation: str
    binarizer: str

    def pieces(self) -> tuple[Part, ...]:
        i, o = self.in_channels, self.out_channels
        orders = {
            "pre": ((i, o, 1), (o, o, 3), (o, o, 1)),
            "mid": ((i, i, 3), (i, o, 1), (o, o, 1)),
            "post": ((i, i, 3), (i, i, 1), (i, o, 1)),
            "none": ((i, i, 3), (i, o, 1)),
        }
        units = [
            Unit(
                in_channels=a,
                out_channels=b,
                kernel_size=size,
                groups=max(1, a >> self.k) if size == 3 else 1,
                activation=self.activation,
                binarizer=self.binarizer,
            )
            for a, b, size in orders[self.block]
        ]
        return (*units, Pool(kind=self.pool)) if self.pool else tuple(units)


@dataclass(frozen=True, kw_only=True)
class Unit(Part):
    """One binary convolution with what surrounds it, (N, I, H, W) -> (N, O, H, W)."""

    in_channels: int
    out_channels: int
    kernel_size: int
    groups: int
    activation: str
    binarizer: str

    def build(self) -> nn.Module:
        conv = BinaryConv2d(
            self.in_channels, self.out_channels, self.kernel_size, groups=self.groups, binarizer=self.binarizer
        )
        return BinaryUnit(conv, ACTIVATIONS[self.activation](self.out_channels))


@dataclass(frozen=True, kw_only=True)
class Pool(Part):
    """2x2 pooling, (N, C, H, W) -> (N, C, H/2, W/2)."""

    kind: str

    def build(self) -> nn.Module:
        return POOLINGS[self.kind]()


@dataclass(frozen=True, kw_only=True)
class Head(Part):
    """Global average pooling and a float linear layer, (N, C, H, W) -> (N, num_classes)."""

    name: str = "head"
    channels: int
    num_classes: int

    def build(self) -> nn.Module:
        return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(self.channels, self.num_classes))


def parts(architecture: Architecture, num_classes: int) -> tuple[Part, ...]:
    backbone = find_backbone(architecture.backbone, architecture.width)
    return parts_on(backbone, architecture.canonical().choices, num_classes)


def parts_on(backbone: Backbone, choices: Choices, num_classes: int) -> tuple[Part, ...]:
    """The float stem, the layers as chosen, in canonical form, and the float head."""
    layers = [
        Layer(
            name=f"layer{index}",
            in_channels=i,
            out_channels=o,
            block=choices[f"layer{index}.block"],
            k=choices[f"layer{index}.k"],
            pool=choices.get(f"layer{index}.pool"),
            activation=choices["activation"],
            binarizer=choices[f"layer{index}.binarizer"],
        )
        for index, (i, o, _) in enumerate(backbone.layers)
    ]
    stem = Stem(in_channels=backbone.input_shape[0], out_channels=backbone.stem_channels, stride=backbone.stem_stride)
    return stem, *layers, Head(channels=backbone.layers[-1][1], num_classes=num_classes)

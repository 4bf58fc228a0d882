"""Builds MeliusNet and BinaryDenseNet; see space/families/meliusnet.py.

Bethge et al., "MeliusNet: Can Binary Neural Networks Achieve MobileNet-level Accuracy?", 2020, arXiv 2001.05936.
"""

from dataclasses import dataclass
from math import gcd

import torch
from torch import Tensor, nn

from mobinet.conv import BinaryConv2d
from mobinet.families.parts import Head, ImageNetStem
from mobinet.part import Chain, Part
from space import Architecture
from space.families.meliusnet import GROWTH, UNIT, network_of, unit_channels


@dataclass(frozen=True, kw_only=True)
class Stage(Chain):
    """Dense blocks, each followed by an improvement block where `improvement` says so.

    (N, I, H, W) -> (N, I + blocks * growth, H, W).
    """

    in_channels: int
    blocks: int
    growth: int
    improvement: bool
    binarizer: str

    def pieces(self) -> tuple[Part, ...]:
        found = []
        for index in range(self.blocks):
            channels = self.in_channels + index * self.growth
            for improves in (False, True) if self.improvement else (False,):
                found.append(
                    Block(
                        channels=channels + self.growth * improves,
                        growth=self.growth,
                        improves=improves,
                        binarizer=self.binarizer,
                    )
                )
        return tuple(found)


@dataclass(frozen=True, kw_only=True)
class Block(Part):
    """A dense block, (N, C, H, W) -> (N, C + growth, H, W), or an improvement block, which keeps the shape."""

    channels: int
    growth: int
    improves: bool
    binarizer: str

    def build(self) -> nn.Module:
        kind = ImprovementBlock if self.improves else DenseBlock
        return kind(self.channels, self.growth, self.binarizer)


class NewFeatures(nn.Module):
    """Batch norm, then a binary 3x3 whose border is -1: (N, C, H, W) -> (N, growth, H, W)."""

    def __init__(self, channels: int, growth: int, binarizer: str) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.conv = BinaryConv2d(channels, growth, 3, low_border=True, binarizer=binarizer)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(self.norm(x))


class DenseBlock(NewFeatures):
    """Concatenates new features behind its input, (N, C, H, W) -> (N, C + growth, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat((x, super().forward(x)), 1)


class ImprovementBlock(NewFeatures):
    """Adds new features to the last `growth` channels, those the dense block just made; the shape stays."""

    def forward(self, x: Tensor) -> Tensor:
        better = super().forward(x)
        old = x.shape[1] - better.shape[1]
        return torch.cat((x[:, :old], x[:, old:] + better), 1)


@dataclass(frozen=True, kw_only=True)
class Transition(Part):
    """Batch norm, 2x2 max pooling, ReLU, a channel shuffle where there are groups, float 1x1.

    (N, I, H, W) -> (N, O, H / 2, W / 2).
    """

    in_channels: int
    out_channels: int
    groups: int
    shuffle: int

    def build(self) -> nn.Module:
        return nn.Sequential(
            nn.BatchNorm2d(self.in_channels),
            nn.MaxPool2d(2),
            nn.ReLU(),
            *([nn.ChannelShuffle(self.shuffle)] if self.groups > 1 else []),
            nn.Conv2d(self.in_channels, self.out_channels, 1, groups=self.groups, bias=False),
        )


def parts(architecture: Architecture, num_classes: int) -> tuple[Part, ...]:
    chosen, unit = network_of(architecture.choices), unit_channels(architecture.width)
    growth = unit * GROWTH // UNIT
    found: list[Part] = [ImageNetStem(in_channels=architecture.input_shape[0], unit=unit, kind=chosen.stem)]
    channels = 2 * unit
    for index, stage in enumerate(chosen.stages):
        found.append(
            Stage(
                name=f"stage{index}",
                in_channels=channels,
                blocks=stage.blocks,
                growth=growth,
                improvement=chosen.improvement,
                binarizer=stage.binarizer,
            )
        )
        channels += stage.blocks * growth
        if stage.width:
            out, name, shuffle = stage.width * unit // UNIT, f"transition{index}", gcd(16, unit)
            found.append(
                Transition(name=name, in_channels=channels, out_channels=out, groups=stage.groups, shuffle=shuffle)
            )
            channels = out
    return *found, Head(channels=channels, num_classes=num_classes, normalized=True)

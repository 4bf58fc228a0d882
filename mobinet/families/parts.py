"""Parts that several families are made of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from torch import Tensor, nn

from mobinet.conv import BinaryConv2d
from mobinet.layers import ACTIVATIONS, POOLINGS, Repeat
from mobinet.part import Chain, Part
from mobinet.unit import BinaryUnit
from space.k_dependency import channels_per_group
from space.separable_layer import LayerChoice


@dataclass(frozen=True, kw_only=True)
class Stem(Part):
    """Float 3x3 convolution and batch norm, (N, C, H, W) -> (N, O, H/stride, W/stride).

    Before them stands the mean of every `shrink` x `shrink` pixels, which divides H and W by as much.
    There are O / copies filters. Each makes `copies` channels, which differ in their batch norm, so in where their sign
    turns. No activation follows: the signs of a rectified input would all be alike.
    """

    name: str = "stem"
    in_channels: int
    out_channels: int
    stride: int
    copies: int = 1
    shrink: int = 1

    def build(self) -> nn.Sequential:
        smaller = [nn.AvgPool2d(self.shrink)] if self.shrink > 1 else []
        filters = self.out_channels // self.copies
        conv = nn.Conv2d(self.in_channels, filters, 3, stride=self.stride, padding=1, bias=False)
        repeat = [Repeat(self.copies)] if self.copies > 1 else []
        return nn.Sequential(*smaller, conv, *repeat, nn.BatchNorm2d(self.out_channels))


@dataclass(frozen=True, kw_only=True)
class Layer(Chain):
    """A separable layer: binary convolutions at the input's resolution, then the pooling.

    (N, I, H, W) -> (N, O, H, W), or (N, O, H/2, W/2) where `pool` is given.
    """

    in_channels: int
    out_channels: int
    block: str
    k: int
    kernel: int = 3
    pool: str | None
    activation: str
    binarizer: str

    def pieces(self) -> tuple[Part, ...]:
        i, o, spatial = self.in_channels, self.out_channels, self.kernel
        orders = {
            "pre": ((i, o, 1), (o, o, spatial), (o, o, 1)),
            "mid": ((i, i, spatial), (i, o, 1), (o, o, 1)),
            "post": ((i, i, spatial), (i, i, 1), (i, o, 1)),
            "none": ((i, i, spatial), (i, o, 1)),
        }
        units = [
            Unit(
                in_channels=a,
                out_channels=b,
                kernel_size=size,
                groups=a // channels_per_group(self.k, a) if size > 1 else 1,
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

    def shared_as(self) -> "Unit":
        return replace(self, groups=1)

    def largest_first(self) -> int:
        return self.groups

    def cut(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """The weights of a larger K have those of this one on their diagonal."""
        return {**tensors, "conv.weight": block_diagonal(tensors["conv.weight"], self.in_channels // self.groups)}


@dataclass(frozen=True, kw_only=True)
class Pool(Part):
    """2x2 pooling, (N, C, H, W) -> (N, C, H/2, W/2)."""

    kind: str

    def build(self) -> nn.Module:
        return POOLINGS[self.kind]()


@dataclass(frozen=True, kw_only=True)
class Head(Part):
    """Batch norm and ReLU where `normalized`, global average pooling, float linear layer.

    (N, C, H, W) -> (N, num_classes).
    """

    name: str = "head"
    channels: int
    num_classes: int
    normalized: bool = False

    def build(self) -> nn.Module:
        norm = [nn.BatchNorm2d(self.channels), nn.ReLU()] if self.normalized else []
        linear = nn.Linear(self.channels, self.num_classes)
        return nn.Sequential(*norm, nn.AdaptiveAvgPool2d(1), nn.Flatten(), linear)


def block_diagonal(weight: Tensor, members: int) -> Tensor:
    """The weights of a convolution in smaller groups: (O, G, k, k) -> (O, members, k, k), where `members` divides G.

    Of every filter there remain the inputs of the small group that it falls into. As many filters as inputs.
    """
    filters, inputs, *size = weight.shape
    if members == inputs:
        return weight
    blocks = inputs // members
    split = weight.view(filters // inputs, blocks, members, blocks, members, *size)
    return split.diagonal(dim1=1, dim2=3).movedim(-1, 1).reshape(filters, members, *size)


def separable_network(
    layers: Sequence[Layer],
    *,
    input_channels: int,
    stem_stride: int,
    stem_copies: int = 1,
    shrink: int = 1,
    num_classes: int,
) -> tuple[Part, ...]:
    """The float stem, the separable layers, and the float head."""
    channels = layers[0].in_channels
    stem = Stem(
        in_channels=input_channels, out_channels=channels, stride=stem_stride, copies=stem_copies, shrink=shrink
    )
    return stem, *layers, Head(channels=layers[-1].out_channels, num_classes=num_classes)


def separable_layer(name: str, in_channels: int, out_channels: int, chosen: LayerChoice, activation: str) -> Layer:
    """A layer as chosen, in canonical form."""
    return Layer(
        name=name,
        in_channels=in_channels,
        out_channels=out_channels,
        block=chosen.block,
        k=chosen.k,
        kernel=chosen.kernel,
        pool=chosen.pool,
        activation=activation,
        binarizer=chosen.binarizer,
    )


def conv_norm_relu(i: int, o: int, size: int, *, stride: int = 1, groups: int = 1) -> tuple[nn.Module, ...]:
    """A float convolution that keeps the size up to its stride, with its batch norm and ReLU."""
    conv = nn.Conv2d(i, o, size, stride=stride, padding=size // 2, groups=groups, bias=False)
    return conv, nn.BatchNorm2d(o), nn.ReLU()


@dataclass(frozen=True, kw_only=True)
class ImageNetStem(Part):
    """Float convolutions, (N, C, H, W) -> (N, 2 unit, H / 4, W / 4), or at full size for `3x3`."""

    name: str = "stem"
    in_channels: int
    unit: int
    kind: str

    def build(self) -> nn.Module:
        c, unit = self.in_channels, self.unit
        if self.kind == "3x3":
            return nn.Conv2d(c, 2 * unit, 3, padding=1, bias=False)
        if self.kind == "7x7":
            convs = conv_norm_relu(c, 2 * unit, 7, stride=2)
        else:
            convs = (
                *conv_norm_relu(c, unit, 3, stride=2),
                *conv_norm_relu(unit, unit, 3, groups=4),
                *conv_norm_relu(unit, 2 * unit, 3, groups=8),
            )
        return nn.Sequential(*convs, nn.MaxPool2d(3, stride=2, padding=1))

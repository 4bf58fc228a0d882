"""Backbones of the MobileNet kind: what a search does not change."""

from dataclasses import dataclass, replace
from functools import cache

from space.errors import InputError
from space.family import Family
from space.gene import Choices
from space.image_sizes import STRIDE_FROM, Shape, shape_called


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """Stem, layers and image size of a network.

    Args:
        input_shape: (C, H, W) of one image.
        stem_stride: stride of the float 3x3 convolution in front.
        stem_channels: its output channels.
        layers: (in_channels, out_channels, downsample) of each separable layer.
    """

    input_shape: Shape
    stem_stride: int
    stem_channels: int
    layers: tuple[tuple[int, int, bool], ...]

    def scaled(self, width: float) -> "Backbone":
        """This backbone with `width` times the channels. Raises InputError where that is no whole number."""
        if self.stem_channels * width % 1:
            raise InputError(f"width {width:g} does not fit; use a multiple of 1/{self.stem_channels}")
        layers = tuple((int(i * width), int(o * width), down) for i, o, down in self.layers)
        return replace(self, stem_channels=int(self.stem_channels * width), layers=layers)

    def takes(self, side: int) -> bool:
        """Whether a pixel is left at the end of images of this side, in pixels."""
        halvings = sum(down for _, _, down in self.layers)
        return -(-side // self.stem_stride) >> halvings > 0


_MOBILENET = (
    (32, 64, False), (64, 128, True), (128, 128, False), (128, 256, True), (256, 256, False), (256, 512, True),
    *[(512, 512, False)] * 5, (512, 1024, True), (1024, 1024, False),
)  # fmt: skip

_NAMED = {
    "mobilenet-224": Backbone(input_shape=(3, 224, 224), stem_stride=2, stem_channels=32, layers=_MOBILENET),
    "mobilenet-32": Backbone(input_shape=(3, 32, 32), stem_stride=1, stem_channels=32, layers=_MOBILENET),
    "mobilenet-8": Backbone(
        input_shape=(1, 8, 8),
        stem_stride=1,
        stem_channels=4,
        layers=((4, 8, False), (8, 16, True), (16, 16, False), (16, 32, True), (32, 32, False)),
    ),
}


def mobilenet_of(size: int, channels: int) -> Backbone:
    """MobileNet for square images of any size, (channels, size, size).

    The stem has stride 2 from `STRIDE_FROM` pixels on. A layer halves the image where MobileNet's does, as long as two
    pixels are left; half of an odd side is rounded down, after the stem up. At 224 this is MobileNet.
    """
    stride = 2 if size >= STRIDE_FROM else 1
    side, layers = -(-size // stride), []
    for inner, outer, down in _MOBILENET:
        down = down and side // 2 >= 2
        side = side // 2 if down else side
        layers.append((inner, outer, down))
    return Backbone(input_shape=(channels, size, size), stem_stride=stride, stem_channels=32, layers=tuple(layers))


class MobileNetFamily(Family):
    """A family on these backbones."""

    backbones = {name: backbone.input_shape for name, backbone in _NAMED.items()}
    any_size = "mobilenet"

    def channels(self, backbone: str, width: float, choices: Choices) -> dict[str, int]:
        layers = find_backbone(backbone, width).layers
        return {f"layer{index}": outer for index, (_, outer, _) in enumerate(layers)}


@cache
def find_backbone(name: str, width: float) -> Backbone:
    """The backbone `name`, of a MobileNetFamily, with its channels scaled by `width`."""
    if name in _NAMED:
        return _NAMED[name].scaled(width)
    shape = shape_called(name, MobileNetFamily.any_size)
    assert shape, name
    return mobilenet_of(shape[1], shape[0]).scaled(width)

"""Backbones of the MobileNet kind: what a search does not change."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

from space.errors import InputError
from space.family import Family


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """Stem, layers and image size of a network.

    Args:
        input_shape: (C, H, W) of one image.
        stem_stride: stride of the float 3x3 convolution in front.
        stem_channels: its output channels.
        layers: (in_channels, out_channels, downsample) of each separable layer.
    """

    input_shape: tuple[int, int, int]
    stem_stride: int
    stem_channels: int
    layers: tuple[tuple[int, int, bool], ...]

    def scaled(self, width: float) -> "Backbone":
        """This backbone with `width` times the channels. Raises InputError where that is no whole number."""
        if self.stem_channels * width % 1:
            raise InputError(f"width {width:g} does not fit; use a multiple of 1/{self.stem_channels}")
        layers = tuple((int(i * width), int(o * width), down) for i, o, down in self.layers)
        return replace(self, stem_channels=int(self.stem_channels * width), layers=layers)


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
SIZES = range(8, 1025)
"""Pixels of the side of an image."""
STRIDE_FROM = 64
"""Pixels from which on the stem halves the image."""


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


class _Backbones(Mapping[str, Backbone]):
    """Those with a name of their own, and ``mobilenet-SIZE`` and ``mobilenet-SIZE-grey`` for images of any size."""

    def __getitem__(self, name: str) -> Backbone:
        if name in _NAMED:
            return _NAMED[name]
        found = re.fullmatch(r"mobilenet-([1-9]\d{0,3})(-grey)?", name)
        if not found or int(found[1]) not in SIZES:
            raise KeyError(name)
        return mobilenet_of(int(found[1]), 1 if found[2] else 3)

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMED)

    def __len__(self) -> int:
        return len(_NAMED)


BACKBONES = _Backbones()
"""By name; those of any size are not listed."""


class MobileNetFamily(Family):
    """A family on these backbones."""

    class _Shapes(Mapping[str, tuple[int, int, int]]):
        def __getitem__(self, name: str) -> tuple[int, int, int]:
            return BACKBONES[name].input_shape

        def __iter__(self) -> Iterator[str]:
            return iter(BACKBONES)

        def __len__(self) -> int:
            return len(BACKBONES)

    backbones = _Shapes()
    any_size = "mobilenet-SIZE, mobilenet-SIZE-grey"

    def backbone_for(self, input_shape: tuple[int, int, int]) -> str | None:
        channels, height, width = input_shape
        if named := super().backbone_for(input_shape):
            return named
        fits = height == width and height in SIZES and channels in (1, 3)
        return f"mobilenet-{height}{'-grey' if channels == 1 else ''}" if fits else None


@cache
def find_backbone(name: str, width: float) -> Backbone:
    """The backbone `name` with its channels scaled by `width`."""
    return BACKBONES[name].scaled(width)

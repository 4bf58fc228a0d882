"""Backbones of the MobileNet kind: what a search does not change."""

from dataclasses import dataclass, replace

from space.errors import InputError


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

BACKBONES = {
    "mobilenet-224": Backbone(input_shape=(3, 224, 224), stem_stride=2, stem_channels=32, layers=_MOBILENET),
    "mobilenet-32": Backbone(input_shape=(3, 32, 32), stem_stride=1, stem_channels=32, layers=_MOBILENET),
    "mobilenet-8": Backbone(
        input_shape=(1, 8, 8),
        stem_stride=1,
        stem_channels=4,
        layers=((4, 8, False), (8, 16, True), (16, 16, False), (16, 32, True), (32, 32, False)),
    ),
}


def find_backbone(name: str, width: float) -> Backbone:
    """The backbone `name` with its channels scaled by `width`."""
    return BACKBONES[name].scaled(width)

"""VGG-Small for CIFAR-10, the network most binarizers are compared on. Only the binarizer can be chosen."""

from space.binarizers import BINARIZERS, binarizer_gene, unusual_binarizers
from space.errors import InputError
from space.family import Family, Named
from space.gene import Choices, Gene

CONVS = ((128, False), (128, True), (256, False), (256, True), (512, False), (512, True))
"""(out_channels, pooled) of each convolution."""


def scaled_convs(width: float) -> tuple[tuple[int, bool], ...]:
    """`CONVS` with `width` times the channels. Raises InputError where that is no whole number of them."""
    if CONVS[0][0] * width % 1:
        raise InputError(f"width {width:g} does not fit vgg-small; use a multiple of 1/128")
    return tuple((int(channels * width), pooled) for channels, pooled in CONVS)


class VGGSmall(Family):
    backbones = {"vgg-32": (3, 32, 32), "vgg-8": (1, 8, 8)}
    any_size = "vgg"

    def genes(self, backbone: str, width: float) -> tuple[Gene, ...]:
        return tuple(binarizer_gene(f"conv{index}", "xnor") for index in range(1, len(scaled_convs(width))))

    def named(self) -> dict[str, Named]:
        return {"vgg-small": Named()} | {
            f"vgg-small-{binarizer}": Named(choices={"binarizer": binarizer}) for binarizer in BINARIZERS
        }

    def describe(self, choices: Choices) -> str:
        return " ".join(["VGG-Small", *unusual_binarizers(choices, "xnor")])


FAMILY = VGGSmall()

"""Binary AlexNet as XNOR-Net has it. Only the binarizer can be chosen.

Rastegari et al., "XNOR-Net: ImageNet Classification Using Binary Convolutional Neural Networks", ECCV 2016,
arXiv 1603.05279.
"""

from space.binarizers import binarizer_gene, unusual_binarizers
from space.errors import InputError
from space.family import Family, Named
from space.gene import Choices, Gene

LAYERS = ("conv2", "conv3", "conv4", "conv5", "fc6", "fc7")


def last_side(side: int) -> int:
    """Rows of the map that the first fully connected layer takes, of an image of so many: 6 of 224."""
    side = (side + 2 * 2 - 11) // 4 + 1  # the 11x11 with a border of 2 and stride 4
    for _ in range(3):
        side = (side - 3) // 2 + 1  # a 3x3 pooling with stride 2
    return side


class AlexNet(Family):
    backbones = {"alexnet-224": (3, 224, 224)}
    any_size = "alexnet"
    smallest_size = 63  # of which its strides leave one pixel

    def genes(self, backbone: str, width: float) -> tuple[Gene, ...]:
        if width != 1:
            raise InputError(f"width {width:g} does not fit alexnet; use 1")
        return tuple(binarizer_gene(layer, "xnor") for layer in LAYERS)

    def named(self) -> dict[str, Named]:
        return {f"alexnet-{binarizer}": Named(choices={"binarizer": binarizer}) for binarizer in ("xnor", "trained")}

    def describe(self, choices: Choices) -> str:
        return " ".join(["AlexNet", *unusual_binarizers(choices, "xnor")])


FAMILY = AlexNet()

"""Binary AlexNet as XNOR-Net has it. Only the binarizer can be chosen.

Rastegari et al., "XNOR-Net: ImageNet Classification Using Binary Convolutional Neural Networks", ECCV 2016,
arXiv 1603.05279.
"""

from space.binarizers import BINARIZERS
from space.errors import InputError
from space.family import Family, Named
from space.gene import Choices, Gene


class AlexNet(Family):
    backbones = {"alexnet-224": (3, 224, 224)}

    def genes(self, backbone: str, width: float) -> tuple[Gene, ...]:
        if width != 1:
            raise InputError(f"width {width:g} does not fit alexnet; use 1")
        return (Gene(name="binarizer", choices=("xnor", "trained"), legal=BINARIZERS),)

    def named(self) -> dict[str, Named]:
        return {f"alexnet-{binarizer}": Named(choices={"binarizer": binarizer}) for binarizer in ("xnor", "trained")}

    def describe(self, choices: Choices) -> str:
        return f"AlexNet {choices['binarizer']}"


FAMILY = AlexNet()

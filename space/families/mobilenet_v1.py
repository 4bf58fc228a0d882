"""Float MobileNet, the network that the binary ones are held against. It has nothing to search.

Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications", 2017,
arXiv 1704.04861.
"""

from space.backbones import MobileNetFamily, find_backbone
from space.family import Named
from space.gene import Choices, Gene


class MobileNetV1(MobileNetFamily):
    def genes(self, backbone: str, width: float) -> tuple[Gene, ...]:
        find_backbone(backbone, width)
        return ()

    def named(self) -> dict[str, Named]:
        return {f"mobilenet-v1-{width:g}": Named(width=width) for width in (0.5, 0.75, 1.0)}

    def describe(self, choices: Choices) -> str:
        return "float MobileNet"


FAMILY = MobileNetV1()

"""Builds binary MobileNet with grouped convolutions, MoBiNet without its blocks; see space/families/group_conv.py.

Phan et al., "Binarizing MobileNet via Evolution-based Searching", CVPR 2020, arXiv 2005.06305.
"""

from mobinet.families.parts import separable_network
from mobinet.part import Part
from space import Architecture
from space.backbones import find_backbone
from space.families.mobinet import LayerChoice
from space.gene import number, word


def parts(architecture: Architecture, num_classes: int) -> tuple[Part, ...]:
    backbone, choices = find_backbone(architecture.backbone, architecture.width), architecture.canonical().choices
    layers = [
        LayerChoice(
            block="none",
            k=number(choices, f"layer{index}.k"),
            pool="avg" if down else None,
            binarizer=word(choices, f"layer{index}.binarizer"),
        )
        for index, (_, _, down) in enumerate(backbone.layers)
    ]
    return separable_network(backbone, layers, activation="prelu", num_classes=num_classes)

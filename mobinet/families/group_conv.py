"""Builds binary MobileNet with grouped convolutions, MoBiNet without its blocks; see space/families/group_conv.py.

Phan et al., "Binarizing MobileNet via Evolution-based Searching", CVPR 2020, arXiv 2005.06305.
"""

from mobinet.families.mobinet import Layer, between_ends
from mobinet.part import Part
from space import Architecture
from space.families.mobinet import find_backbone


def parts(architecture: Architecture, num_classes: int) -> tuple[Part, ...]:
    backbone = find_backbone(architecture.backbone, architecture.width)
    choices = architecture.canonical().choices
    layers = [
        Layer(
            name=f"layer{index}",
            in_channels=i,
            out_channels=o,
            block="none",
            k=choices[f"layer{index}.k"],
            pool="avg" if down else None,
            activation="prelu",
            binarizer=choices[f"layer{index}.binarizer"],
        )
        for index, (i, o, down) in enumerate(backbone.layers)
    ]
    return between_ends(backbone, layers, num_classes)

"""Builds binary MobileNet with grouped convolutions, MoBiNet without its blocks; see space/families/group_conv.py.

Phan et al., "Binarizing MobileNet via Evolution-based Searching", CVPR 2020, arXiv 2005.06305.
"""

from mobinet.families.mobinet import parts_on
from mobinet.part import Part
from space import Architecture
from space.families.mobinet import find_backbone


def parts(architecture: Architecture, num_classes: int) -> tuple[Part, ...]:
    backbone = find_backbone(architecture.backbone, architecture.width)
    choices = {"activation": "prelu", **architecture.canonical().choices}
    for index, (_, _, down) in enumerate(backbone.layers):
        choices |= {f"layer{index}.block": "none", **({f"layer{index}.pool": "avg"} if down else {})}
    return parts_on(backbone, choices, num_classes)

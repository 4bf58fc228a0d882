"""Builds binary MobileNet with grouped convolutions, MoBiNet without its blocks; see space/families/group_conv.py.

Phan et al., "Binarizing MobileNet via Evolution-based Searching", CVPR 2020, arXiv 2005.06305.
"""

from mobinet.families.parts import separable_network
from mobinet.part import Part
from space import Architecture
from space.backbones import find_backbone
from space.families.group_conv import layers_of


def parts(architecture: Architecture, num_classes: int) -> tuple[Part, ...]:
    backbone, choices = find_backbone(architecture.backbone, architecture.width), architecture.canonical().choices
    return separable_network(backbone, layers_of(choices), activation="prelu", num_classes=num_classes)

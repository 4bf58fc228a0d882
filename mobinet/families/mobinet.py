"""Builds MoBiNet; the architecture is described in space/families/mobinet.py.

Phan et al., "MoBiNet: A Mobile Binary Network for Image Classification", WACV 2020, arXiv 1907.12629.
"""

from mobinet.families.parts import separable_network
from mobinet.part import Part
from space import Architecture
from space.backbones import find_backbone
from space.families.mobinet import activation_of, layers_of


def parts(architecture: Architecture, num_classes: int) -> tuple[Part, ...]:
    backbone, choices = find_backbone(architecture.backbone, architecture.width), architecture.canonical().choices
    return separable_network(backbone, layers_of(choices), activation=activation_of(choices), num_classes=num_classes)

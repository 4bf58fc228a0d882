"""Builds MoBiNet; the architecture is described in space/families/mobinet.py.

Phan et al., "MoBiNet: A Mobile Binary Network for Image Classification", WACV 2020, arXiv 1907.12629.
"""

from itertools import pairwise

from mobinet.families.parts import separable_layer, separable_network
from mobinet.part import Part
from space import Architecture
from space.backbones import find_backbone
from space.families.mobinet import FAMILY, activation_of, layers_of, shrinking, stem_channels, stem_copies


def parts(architecture: Architecture, num_classes: int) -> tuple[Part, ...]:
    backbone, choices = find_backbone(architecture.backbone, architecture.width), architecture.effective
    place = architecture.backbone, architecture.width, choices
    channels = stem_channels(*place), *FAMILY.channels(*place).values()
    layers = [
        separable_layer(name, i, o, chosen, activation_of(choices))
        for (i, o), (name, chosen) in zip(pairwise(channels), layers_of(choices).items(), strict=True)
    ]
    colours, stride = backbone.input_shape[0], backbone.stem_stride
    return separable_network(
        layers,
        input_channels=colours,
        stem_stride=stride,
        stem_copies=stem_copies(choices),
        shrink=shrinking(choices),
        num_classes=num_classes,
    )

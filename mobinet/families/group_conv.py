"""Builds binary MobileNet with grouped convolutions, MoBiNet without its blocks; see space/families/group_conv.py.

Phan et al., "Binarizing MobileNet via Evolution-based Searching", CVPR 2020, arXiv 2005.06305.
"""

from dataclasses import replace

from mobinet.families.parts import separable_layer, separable_network
from mobinet.part import Part
from space import Architecture
from space.backbones import find_backbone
from space.families.group_conv import layers_of


def parts(architecture: Architecture, num_classes: int) -> tuple[Part, ...]:
    backbone = find_backbone(architecture.backbone, architecture.width)
    layers = [
        separable_layer(name, i, o, chosen if down else replace(chosen, pool=None), activation="prelu")
        for (i, o, down), (name, chosen) in zip(backbone.layers, layers_of(architecture.effective).items(), strict=True)
    ]
    channels, stride = backbone.input_shape[0], backbone.stem_stride
    return separable_network(layers, input_channels=channels, stem_stride=stride, num_classes=num_classes)

"""Builds MoBiNet; the architecture is described in space/families/mobinet.py.

Phan et al., "MoBiNet: A Mobile Binary Network for Image Classification", WACV 2020, arXiv 1907.12629.
"""

from mobinet.families.parts import separable_layer, separable_network
from mobinet.part import Part
from space import Architecture
from space.backbones import find_backbone
from space.families.mobinet import activation_of, layers_of
from space.gene import number


def parts(architecture: Architecture, num_classes: int) -> tuple[Part, ...]:
    backbone, choices = find_backbone(architecture.backbone, architecture.width), architecture.effective
    layers, channels = [], backbone.stem_channels * number(choices, "width") // 100
    for name, chosen in layers_of(choices).items():
        out = channels * number(choices, f"{name}.growth")
        layers.append(separable_layer(name, channels, out, chosen, activation_of(choices)))
        channels = out
    colours, stride = backbone.input_shape[0], backbone.stem_stride
    return separable_network(layers, input_channels=colours, stem_stride=stride, num_classes=num_classes)

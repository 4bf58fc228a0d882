"""Builds float MobileNet; see space/families/mobilenet_v1.py.

Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications", 2017,
arXiv 1704.04861.
"""

from dataclasses import dataclass

from torch import nn

from mobinet.families.parts import Head, conv_norm_relu
from mobinet.part import Part
from space import Architecture
from space.backbones import find_backbone


@dataclass(frozen=True, kw_only=True)
class Layer(Part):
    """Convolutions with batch norm and ReLU: one dense 3x3, or a depth-wise 3x3 and a 1x1.

    (N, I, H, W) -> (N, O, H / stride, W / stride).
    """

    in_channels: int
    out_channels: int
    stride: int
    separable: bool

    def build(self) -> nn.Module:
        i, o = self.in_channels, self.out_channels
        if not self.separable:
            return nn.Sequential(*conv_norm_relu(i, o, 3, stride=self.stride))
        return nn.Sequential(*conv_norm_relu(i, i, 3, stride=self.stride, groups=i), *conv_norm_relu(i, o, 1))


def parts(architecture: Architecture, num_classes: int) -> tuple[Part, ...]:
    backbone = find_backbone(architecture.backbone, architecture.width)
    channels, stem = backbone.input_shape[0], backbone.stem_channels
    layers = [
        Layer(name=f"layer{index}", in_channels=i, out_channels=o, stride=2 if down else 1, separable=True)
        for index, (i, o, down) in enumerate(backbone.layers)
    ]
    first = Layer(name="stem", in_channels=channels, out_channels=stem, stride=backbone.stem_stride, separable=False)
    return first, *layers, Head(channels=backbone.layers[-1][1], num_classes=num_classes)

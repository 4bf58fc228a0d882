"""Networks with random weights, as if trained."""

import random

import torch
from torch import nn

from mobinet import build
from mobinet.export import TrainedNetwork
from space import Architecture, load_space


def as_trained(architecture: Architecture, classes: int = 10, seed: int = 0) -> TrainedNetwork:
    """A network whose every parameter and running statistic is random, so that none is left out unseen."""
    torch.manual_seed(seed)
    net = build(architecture, classes)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None and module.running_var is not None
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.3)
        for name, parameter in module.named_parameters(recurse=False):
            if name in ("shift", "before", "after"):
                nn.init.normal_(parameter, 0, 0.2)
        if isinstance(module, nn.PReLU):
            nn.init.uniform_(module.weight, -0.1, 0.5)
    channels = architecture.input_shape[0]
    return TrainedNetwork(
        net=net.eval(),
        architecture=architecture,
        classes=tuple(f"class {number}" for number in range(classes)),
        mean=(0.45, 0.5, 0.4)[:channels],
        std=(0.22, 0.3, 0.25)[:channels],
    )


def sampled(space: str, shape: tuple[int, int, int], width: float = 1.0, **choices: str) -> Architecture:
    """A random network of a space, its choices then replaced."""
    architecture = load_space(space, input_shape=shape, width=width).sample(random.Random(5))
    genes = architecture.choices
    changed = {name: value for name in genes for kind, value in choices.items() if name.rsplit(".", 1)[-1] == kind}
    return Architecture.of(
        architecture.family, architecture.backbone, architecture.width, {**genes, **changed}
    ).canonical()


DIGITS, COLOUR = (1, 8, 8), (3, 32, 32)
NETWORKS = {
    "pre, K=0": lambda: Architecture.uniform("mobilenet-8", block="pre", k=0, pool="max"),
    "mid, K=1": lambda: Architecture.uniform("mobilenet-8", block="mid", k=1, pool="min"),
    "post, K=3": lambda: Architecture.uniform("mobilenet-8", block="post", k=3, pool="avg"),
    "none, K=5": lambda: Architecture.uniform("mobilenet-8", block="none", k=5, pool="avg"),
    "activations of 0 and 1": lambda: sampled("mobinet", DIGITS, binarizer="trained"),
    "shifted signs": lambda: sampled("mobinet", DIGITS, binarizer="react", activation="rprelu"),
    "of each K and block": lambda: sampled("mobinet", COLOUR, 0.25),
    "mobinet, of an odd size": lambda: sampled("mobinet", (1, 27, 27), 0.125),
    "group-conv, of an odd size": lambda: sampled("group-conv", (3, 13, 13), 0.125),
    "resnet, of an odd size": lambda: sampled("resnet", (1, 71, 71), 0.25, convs=1),
    "meliusnet, of an odd size": lambda: sampled("meliusnet", (1, 67, 67), 0.25, blocks=2),
    "vgg-small, of an odd size": lambda: sampled("vgg-small", (3, 65, 65), 0.125),
    "nas-bnn, of an odd size": lambda: sampled("nas-bnn", (1, 65, 65), 0.125),
    "5x5, other widths and depths": lambda: Architecture.of(
        "mobinet",
        "mobilenet-8",
        1.0,
        {
            "kernel": 5,
            "layer0.k": 1,
            "layer1.block": "mid",
            "layer1.k": 3,
            "layer2.growth": 2,
            "layer2.k": 4,
            "layer3.growth": 1,
            "layer3.kernel": 3,
            "stage1.depth": 0,
            "width": 150,
            "stem.copies": 2,
        },
    ).canonical(),
    "half the resolution": lambda: Architecture.of(
        "mobinet", "mobilenet-18", 0.25, {"block": "post", "k": 2, "pool": "min", "resolution": 50}
    ).canonical(),
    "group-conv": lambda: sampled("group-conv", COLOUR, 0.25),
    "resnet": lambda: sampled("resnet", COLOUR, 0.25, convs=2),
    "meliusnet": lambda: Architecture.of("meliusnet", "meliusnet-8", 1.0, {}).canonical(),
    "vgg-small": lambda: sampled("vgg-small", COLOUR, 0.125),
}
"""By what is peculiar to them."""

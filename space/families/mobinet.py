"""MoBiNet: binary MobileNet with a block, a K-dependency and a pooling in every layer.

Phan et al., "MoBiNet: A Mobile Binary Network for Image Classification", WACV 2020, arXiv 1907.12629.
"""

from dataclasses import dataclass

from space.backbones import BACKBONES, find_backbone
from space.binarizers import binarizer_gene, unusual_binarizers
from space.family import Family, Named
from space.gene import Choice, Choices, Gene, number, word
from space.k_dependency import k_gene, legal_k

BLOCKS = ("pre", "mid", "post", "none")
POOLINGS = ("avg", "max", "min")
ACTIVATIONS = ("prelu", "relu", "rprelu")


def conv3x3_channels(block: str, in_channels: int, out_channels: int) -> int:
    """Channels the 3x3 of a layer runs on: `pre` widens before it, the other blocks after it."""
    return out_channels if block == "pre" else in_channels


@dataclass(frozen=True, kw_only=True)
class LayerChoice:
    """What is chosen in one separable layer.

    Args:
        block: how its three convolutions are ordered.
        k: log2 of the channels that see each other in its 3x3.
        pool: its pooling; None where the layer does not downsample.
        binarizer: of its three convolutions.
    """

    block: str
    k: int
    pool: str | None
    binarizer: str


def layers_of(choices: Choices) -> tuple[LayerChoice, ...]:
    """The choices of each layer, in order, from those of all genes."""
    layers = []
    while (name := f"layer{len(layers)}") + ".block" in choices:
        layers.append(
            LayerChoice(
                block=word(choices, f"{name}.block"),
                k=number(choices, f"{name}.k"),
                pool=word(choices, f"{name}.pool") if f"{name}.pool" in choices else None,
                binarizer=word(choices, f"{name}.binarizer"),
            )
        )
    return tuple(layers)


class MoBiNet(Family):
    layers_are_independent = True
    backbones = {name: backbone.input_shape for name, backbone in BACKBONES.items()}

    def genes(self, backbone: str, width: float) -> tuple[Gene, ...]:
        genes = [Gene(name="activation", choices=("prelu",), legal=ACTIVATIONS)]
        for index, (i, o, down) in enumerate(find_backbone(backbone, width).layers):
            genes.append(
                Gene(
                    name=f"layer{index}.block",
                    choices=BLOCKS[: 2 if i == o else 3],
                    legal=BLOCKS,
                    aliases={"post": "mid"} if i == o else {},
                )
            )
            genes.append(k_gene(f"layer{index}", i, o, largest=4))
            if down:
                genes.append(Gene(name=f"layer{index}.pool", choices=POOLINGS, legal=POOLINGS))
            genes.append(binarizer_gene(f"layer{index}", "xnor"))
        return tuple(genes)

    def canonical(self, backbone: str, width: float, choices: Choices) -> dict[str, Choice]:
        layers = find_backbone(backbone, width).layers
        found = dict(choices)
        for name in choices:
            layer, _, kind = name.rpartition(".")
            if kind == "k":
                i, o, _ = layers[int(layer.removeprefix("layer"))]
                k = number(choices, name)
                dense = conv3x3_channels(word(choices, f"{layer}.block"), i, o)
                found[name] = k if 2**k < dense else next(k for k in legal_k(i, o) if 2**k >= dense)
        return found

    def named(self) -> dict[str, Named]:
        return {
            f"mobinet-{block}-k{k}": Named(choices={"block": block, "k": k, "pool": "avg"})
            for block in ("pre", "mid", "post")
            for k in range(5)
        }

    def describe(self, choices: Choices) -> str:
        """One word a layer, `mid2` or, where it downsamples, `pre0/avg`; then what is not the paper's choice."""
        words = [f"{it.block}{it.k}" + (f"/{it.pool}" if it.pool else "") for it in layers_of(choices)]
        words += [activation] if (activation := word(choices, "activation")) != "prelu" else []
        words += unusual_binarizers(choices, "xnor")
        return " ".join(words)


FAMILY = MoBiNet()

"""MoBiNet: binary MobileNet with a block, a K-dependency and a pooling in every layer.

Phan et al., "MoBiNet: A Mobile Binary Network for Image Classification", WACV 2020, arXiv 1907.12629.
"""

from space.backbones import MobileNetFamily, find_backbone
from space.binarizers import binarizer_gene, binarizers_of, unusual_binarizers
from space.family import Named
from space.gene import Choice, Choices, Gene, word
from space.k_dependency import K, k_gene, k_of, legal_k
from space.separable_layer import LayerChoice

BLOCKS = ("pre", "mid", "post", "none")
POOLINGS = ("avg", "max", "min")
ACTIVATIONS = ("prelu", "relu", "rprelu")


def conv3x3_channels(block: str, in_channels: int, out_channels: int) -> int:
    """Channels the 3x3 of a layer runs on: `pre` widens before it, the other blocks after it."""
    return out_channels if block == "pre" else in_channels


def activation_of(choices: Choices) -> str:
    """The activation of the whole network."""
    return word(choices, "activation")


def layers_of(choices: Choices) -> tuple[LayerChoice, ...]:
    """The choices of each layer, in order, from those of all genes."""
    return tuple(
        LayerChoice(
            block=_block_of(choices, layer),
            k=k_of(choices, layer),
            pool=word(choices, f"{layer}.pool") if f"{layer}.pool" in choices else None,
            binarizer=binarizer,
        )
        for layer, binarizer in binarizers_of(choices).items()
    )


def _block_of(choices: Choices, layer: str) -> str:
    return word(choices, f"{layer}.block")


class MoBiNet(MobileNetFamily):
    layers_are_independent = True

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
            genes.append(k_gene(f"layer{index}", i, o))
            if down:
                genes.append(Gene(name=f"layer{index}.pool", choices=POOLINGS, legal=POOLINGS))
            genes.append(binarizer_gene(f"layer{index}", "xnor"))
        return tuple(genes)

    def canonical(self, backbone: str, width: float, choices: Choices) -> dict[str, Choice]:
        layers = find_backbone(backbone, width).layers
        found = dict(choices)
        for name in choices:
            layer, _, kind = name.rpartition(".")
            if kind == K:
                i, o, _ = layers[int(layer.removeprefix("layer"))]
                k = k_of(choices, layer)
                dense = conv3x3_channels(_block_of(choices, layer), i, o)
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
        words += [activation] if (activation := activation_of(choices)) != "prelu" else []
        words += unusual_binarizers(choices, "xnor")
        return " ".join(words)


FAMILY = MoBiNet()

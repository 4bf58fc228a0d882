"""MoBiNet: binary MobileNet with a block, a K-dependency and a pooling in every layer.

Phan et al., "MoBiNet: A Mobile Binary Network for Image Classification", WACV 2020, arXiv 1907.12629.
"""

from dataclasses import dataclass, replace

from space.binarizers import binarizer_gene, unusual_binarizers
from space.errors import InputError
from space.family import Family, Named
from space.gene import Choice, Choices, Gene

BLOCKS = ("pre", "mid", "post", "none")
POOLINGS = ("avg", "max", "min")
ACTIVATIONS = ("prelu", "relu", "rprelu")
LARGEST_K = 16


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """What a search does not change.

    Args:
        input_shape: (C, H, W) of one image.
        stem_stride: stride of the float 3x3 convolution in front.
        stem_channels: its output channels.
        layers: (in_channels, out_channels, downsample) of each separable layer.
    """

    input_shape: tuple[int, int, int]
    stem_stride: int
    stem_channels: int
    layers: tuple[tuple[int, int, bool], ...]

    def scaled(self, width: float) -> "Backbone":
        """This backbone with `width` times the channels. Raises InputError where that is no whole number."""
        if self.stem_channels * width % 1:
            raise InputError(f"width {width:g} does not fit; use a multiple of 1/{self.stem_channels}")
        layers = tuple((int(i * width), int(o * width), down) for i, o, down in self.layers)
        return replace(self, stem_channels=int(self.stem_channels * width), layers=layers)


_MOBILENET = (
    (32, 64, False), (64, 128, True), (128, 128, False), (128, 256, True), (256, 256, False), (256, 512, True),
    *[(512, 512, False)] * 5, (512, 1024, True), (1024, 1024, False),
)  # fmt: skip

BACKBONES = {
    "mobilenet-224": Backbone(input_shape=(3, 224, 224), stem_stride=2, stem_channels=32, layers=_MOBILENET),
    "mobilenet-32": Backbone(input_shape=(3, 32, 32), stem_stride=1, stem_channels=32, layers=_MOBILENET),
    "mobilenet-8": Backbone(
        input_shape=(1, 8, 8),
        stem_stride=1,
        stem_channels=4,
        layers=((4, 8, False), (8, 16, True), (16, 16, False), (16, 32, True), (32, 32, False)),
    ),
}


def find_backbone(name: str, width: float) -> Backbone:
    """The backbone `name` with its channels scaled by `width`."""
    return BACKBONES[name].scaled(width)


def conv3x3_channels(block: str, in_channels: int, out_channels: int) -> int:
    """Channels the 3x3 of a layer runs on: `pre` widens before it, the other blocks after it."""
    return out_channels if block == "pre" else in_channels


def _legal_k(*channels: int) -> tuple[int, ...]:
    """Every K whose groups divide each number of channels, or are all of them."""
    return tuple(k for k in range(LARGEST_K + 1) if all(2**k >= count or count % 2**k == 0 for count in channels))


def k_gene(layer: str, *channels: int, largest: int, alone: bool = False) -> Gene:
    """The K of a layer whose 3x3 runs on one of these numbers of channels; a search takes those up to `largest`."""
    legal = _legal_k(*channels)
    dense = next((k for k in legal if 2**k >= max(channels)), LARGEST_K)
    return Gene(
        name=f"{layer}.k",
        choices=tuple(k for k in legal if k <= min(largest, dense)),
        legal=legal,
        aliases={k: dense for k in legal if k > dense},
        alone=alone,
    )


class MoBiNet(Family):
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
        for name, k in choices.items():
            layer, _, kind = name.rpartition(".")
            if kind == "k":
                i, o, _ = layers[int(layer.removeprefix("layer"))]
                dense = conv3x3_channels(choices[f"{layer}.block"], i, o)
                found[name] = k if 2**k < dense else next(k for k in _legal_k(i, o) if 2**k >= dense)
        return found

    def named(self) -> dict[str, Named]:
        return {
            f"mobinet-{block}-k{k}": Named(choices={"block": block, "k": k, "pool": "avg"})
            for block in ("pre", "mid", "post")
            for k in range(5)
        }

    def describe(self, choices: Choices) -> str:
        """One word a layer, `mid2` or, where it downsamples, `pre0/avg`; then what is not the paper's choice."""
        words, layer = [], 0
        while f"layer{layer}.block" in choices:
            pool = choices.get(f"layer{layer}.pool")
            words.append(f"{choices[f'layer{layer}.block']}{choices[f'layer{layer}.k']}" + (f"/{pool}" if pool else ""))
            layer += 1
        words += [choices["activation"]] if choices["activation"] != "prelu" else []
        words += unusual_binarizers(choices, "xnor")
        return " ".join(words)


FAMILY = MoBiNet()

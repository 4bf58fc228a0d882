"""MoBiNet: binary MobileNet with a block, a K-dependency and a pooling in every layer.

Phan et al., "MoBiNet: A Mobile Binary Network for Image Classification", WACV 2020, arXiv 1907.12629.
"""

from functools import cache
from itertools import groupby
from math import gcd
from typing import Any, NamedTuple

from space.backbones import Backbone, MobileNetFamily, find_backbone
from space.binarizers import binarizer_gene, binarizers_of, unusual_binarizers
from space.family import Named, genes_of
from space.gene import Choice, Choices, Gene, number, word
from space.k_dependency import K, k_gene, k_of, smallest_alike
from space.separable_layer import LayerChoice

BLOCKS = ("pre", "mid", "post", "none")
POOLINGS = ("avg", "max", "min")
ACTIVATIONS = ("prelu", "relu", "rprelu")


COPIES = (1, 2, 4)
WIDTHS = (25, 50, 75, 100, 125, 150, 200)
RESOLUTIONS = (100, 50, 25)
KERNELS = (3, 5)
SLOW = "5x5 trains without the fused kernels: 1.7 to 2.0 times the time of 3x3"


class Progress(NamedTuple):
    """What the layers so far leave to those behind.

    Args:
        channels: that reach the next layer.
        doublings: how many layers may still double them: as many as in the backbone.
        absent: numbers of the layers of this run that do not exist.
        resolution: of the images, which decides what layers cost.
    """

    channels: int
    doublings: int
    absent: range = range(0)
    resolution: int = 100


def activation_of(choices: Choices) -> str:
    """The activation of the whole network."""
    return word(choices, "activation")


@cache
def runs_of(backbone: Backbone) -> tuple[range, ...]:
    """Numbers of the layers of each run of equal layers, those that neither double the channels nor downsample."""
    equal = [i == o and not down for i, o, down in backbone.layers]
    runs = [[*numbers] for is_equal, numbers in groupby(range(len(equal)), equal.__getitem__) if is_equal]
    return tuple(range(run[0], run[-1] + 1) for run in runs)


def stem_channels(backbone: str, width: float, choices: Choices) -> int:
    """Channels that leave the stem."""
    return find_backbone(backbone, width).stem_channels * number(choices, "width") // 100


def stem_copies(choices: Choices) -> int:
    """How many channels each filter of the stem makes."""
    return number(choices, "stem.copies")


def shrinking(choices: Choices) -> int:
    """How many pixels of the image, along each side, the network averages before its stem."""
    return 100 // number(choices, "resolution")


def layers_of(choices: Choices) -> dict[str, LayerChoice]:
    """The choices of each layer that exists, in order, from those of all genes."""
    return {
        layer: LayerChoice(
            block=_block_of(choices, layer),
            k=k_of(choices, layer),
            pool=word(choices, f"{layer}.pool") if f"{layer}.pool" in choices else None,
            binarizer=binarizer,
            kernel=number(choices, f"{layer}.kernel") if f"{layer}.kernel" in choices else 3,
        )
        for layer, binarizer in binarizers_of(choices).items()
    }


def _block_of(choices: Choices, layer: str) -> str:
    return word(choices, f"{layer}.block")


class MoBiNet(MobileNetFamily):
    layers_are_independent = True
    coupling = "width", "growth"

    def genes(self, backbone: str, width: float) -> tuple[Gene, ...]:
        scaled = find_backbone(backbone, width)
        widths = tuple(percent for percent in WIDTHS if scaled.stem_channels * percent % 100 == 0)
        side = scaled.input_shape[1]
        resolutions = tuple(
            percent for percent in RESOLUTIONS if side * percent % 100 == 0 and scaled.takes(side * percent // 100)
        )
        genes = [
            Gene(name="activation", choices=("prelu",), legal=ACTIVATIONS),
            Gene(name="width", choices=(100,), legal=widths, default=100),
            Gene(name="resolution", choices=(100,), legal=resolutions, default=100),
            Gene(name="stem.copies", choices=(1,), legal=COPIES, default=1),
        ]
        runs = {run.start: (stage, len(run)) for stage, run in enumerate(runs_of(scaled))}
        for index, (i, o, down) in enumerate(scaled.layers):
            layer = f"layer{index}"
            if index in runs:
                stage, layers = runs[index]
                depths = tuple(range(layers + 1))
                genes.append(Gene(name=f"stage{stage}.depth", choices=(layers,), legal=depths, default=layers))
            genes.append(
                Gene(
                    name=f"{layer}.block",
                    choices=BLOCKS[: 2 if i == o else 3],
                    legal=BLOCKS,
                    aliases={"post": "mid"} if i == o else {},
                )
            )
            genes.append(k_gene(layer, i, o))
            if down:
                genes.append(Gene(name=f"{layer}.pool", choices=POOLINGS, legal=POOLINGS))
            genes.append(binarizer_gene(layer, "xnor"))
            genes.append(Gene(name=f"{layer}.growth", choices=(o // i,), legal=(1, 2), default=o // i))
            genes.append(Gene(name=f"{layer}.kernel", choices=(3,), legal=KERNELS, default=3, note=SLOW))
        return tuple(genes)

    def start(self, backbone: str, width: float) -> Progress:
        scaled = find_backbone(backbone, width)
        return Progress(scaled.stem_channels, sum(i != o for i, o, _ in scaled.layers))

    def read(self, backbone: str, width: float, choices: Choices, state: Any) -> tuple[dict[str, Choice], Progress]:
        progress: Progress = state
        place = next(iter(choices)).partition(".")[0]
        if place.startswith("layer"):
            return self._read_layer(backbone, width, place, choices, progress)
        if place.startswith("stage"):
            run = runs_of(find_backbone(backbone, width))[int(place.removeprefix("stage"))]
            return dict(choices), progress._replace(absent=run[number(choices, f"{place}.depth") :])
        if place == "stem":
            return {"stem.copies": gcd(number(choices, "stem.copies"), progress.channels)}, progress
        channels = progress.channels * number(choices, "width") // 100
        return dict(choices), progress._replace(channels=channels, resolution=number(choices, "resolution"))

    def _read_layer(
        self, backbone: str, width: float, layer: str, choices: Choices, progress: Progress
    ) -> tuple[dict[str, Choice], Progress]:
        index = int(layer.removeprefix("layer"))
        if index in progress.absent:
            return {}, progress
        if f"{layer}.{K}" not in choices:
            return dict(choices), progress
        growth = min(number(choices, f"{layer}.growth"), 2 if progress.doublings else 1)
        block = _block_of(choices, layer)
        if block == "post" and growth == 1:
            block = "mid"
        channels = progress.channels * growth
        on = channels if block == "pre" else progress.channels
        k = smallest_alike(k_of(choices, layer), on, genes_of("mobinet", backbone, width)[f"{layer}.{K}"].legal)
        found = {**choices, f"{layer}.block": block, f"{layer}.{K}": k, f"{layer}.growth": growth}
        absent = progress.absent if index < progress.absent.stop else range(0)
        return found, progress._replace(channels=channels, doublings=progress.doublings - (growth == 2), absent=absent)

    def channels(self, backbone: str, width: float, choices: Choices) -> dict[str, int]:
        channels, found = stem_channels(backbone, width, choices), {}
        for layer in layers_of(choices):
            channels *= number(choices, f"{layer}.growth")
            found[layer] = channels
        return found

    def named(self) -> dict[str, Named]:
        return {
            f"mobinet-{block}-k{k}": Named(choices={"block": block, "k": k, "pool": "avg"})
            for block in ("pre", "mid", "post")
            for k in range(5)
        }

    def describe(self, choices: Choices) -> str:
        """One word a layer, `mid2` or, where it downsamples, `pre0/avg`; then what is not the paper's choice.

        A growth or a kernel other than the backbone's follows as in `mid2x2` or `mid2-5x5`.
        """
        words = [_word_of(choices, layer, it) for layer, it in layers_of(choices).items()]
        words += [activation] if (activation := activation_of(choices)) != "prelu" else []
        words += [f"width{choices['width']}%"] if "width" in choices else []
        words += [f"resolution{choices['resolution']}%"] if "resolution" in choices else []
        words += [f"copies{choices['stem.copies']}"] if "stem.copies" in choices else []
        words += unusual_binarizers(choices, "xnor")
        return " ".join(words)


def _word_of(choices: Choices, layer: str, chosen: LayerChoice) -> str:
    word = f"{chosen.block}{chosen.k}"
    word += f"x{choices[f'{layer}.growth']}" if f"{layer}.growth" in choices else ""
    word += f"-{chosen.kernel}x{chosen.kernel}" if chosen.kernel != 3 else ""
    return word + (f"/{chosen.pool}" if chosen.pool else "")


FAMILY = MoBiNet()

"""Binary ResNet with a shortcut round every convolution: Bi-Real Net, ResNetE, and Xu and Cheung's ResNet-18.

Liu et al., "Bi-Real Net", ECCV 2018, arXiv 1808.00278; Bethge et al., "Back to Simplicity: How to Train Accurate BNNs
from Scratch?", 2019, arXiv 1906.08637; Xu and Cheung, BMVC 2019, arXiv 1909.11366.
"""

from dataclasses import dataclass

from space.binarizers import binarizer_gene, binarizers_of, unusual_binarizers
from space.errors import InputError
from space.family import Family, Named, input_shape_of
from space.gene import Choices, Gene, number, word
from space.image_sizes import is_large

WIDTHS = (64, 128, 256, 512)
STEMS = ("7x7", "grouped")


def stage_channels(width: float) -> tuple[int, ...]:
    """Channels of each stage. Raises InputError where the stem's groups would not divide them."""
    if WIDTHS[0] * width % 16:
        raise InputError(f"width {width:g} does not fit resnet; use a multiple of 0.25")
    return tuple(int(channels * width) for channels in WIDTHS)


@dataclass(frozen=True, kw_only=True)
class StageChoice:
    """What is chosen in one stage.

    Args:
        convs: its convolutions, each with a shortcut.
        binarizer: of these convolutions.
    """

    convs: int
    binarizer: str


@dataclass(frozen=True, kw_only=True)
class NetworkChoice:
    """What is chosen in a network.

    Args:
        stem: one of `STEMS`, or ``3x3`` for small images.
        shortcut: ``float`` or ``binary``, the 1x1 of shortcuts that change the shape.
        stages: the choices of each.
    """

    stem: str
    shortcut: str
    stages: tuple[StageChoice, ...]


def network_of(choices: Choices) -> NetworkChoice:
    """The typed choices of a network, from those of all genes."""
    stages = tuple(
        StageChoice(convs=number(choices, f"{stage}.convs"), binarizer=binarizer)
        for stage, binarizer in binarizers_of(choices).items()
    )
    return NetworkChoice(stem=word(choices, "stem"), shortcut=word(choices, "shortcut"), stages=stages)


class ResNet(Family):
    backbones = {"resnet-224": (3, 224, 224), "resnet-32": (3, 32, 32)}
    any_size = "resnet"

    def genes(self, backbone: str, width: float) -> tuple[Gene, ...]:
        stage_channels(width)
        stems = STEMS if is_large(input_shape_of("resnet", backbone)) else ("3x3",)
        blocks = (
            Gene(name=f"stage{stage}.convs", choices=(2, 4, 6, 8), legal=tuple(range(1, 49))) for stage in range(4)
        )
        return (
            Gene(name="stem", choices=stems[:1], legal=stems),
            Gene(name="shortcut", choices=("float",), legal=("float", "binary")),
            *blocks,
            *(binarizer_gene(f"stage{stage}", "approxsign") for stage in range(4)),
        )

    def named(self) -> dict[str, Named]:
        eighteen = {f"stage{stage}.convs": 4 for stage in range(4)}
        thirty_four = {f"stage{stage}.convs": 2 * blocks for stage, blocks in enumerate((3, 4, 6, 3))}
        return {
            "bireal-18": Named(choices=eighteen),
            "resnete-18": Named(choices={**eighteen, "binarizer": "melius"}),
            "resnete-34": Named(choices={**thirty_four, "binarizer": "melius"}),
            "resnete-18-grouped": Named(choices={**eighteen, "binarizer": "melius", "stem": "grouped"}),
            "resnete-34-grouped": Named(choices={**thirty_four, "binarizer": "melius", "stem": "grouped"}),
            "resnet-18-trained": Named(choices={**eighteen, "binarizer": "trained", "shortcut": "binary"}),
        }

    def describe(self, choices: Choices) -> str:
        """Convolutions of each stage, such as `4-4-4-4`; then the rest."""
        network = network_of(choices)
        convs = "-".join(str(stage.convs) for stage in network.stages)
        words = [convs, f"stem-{network.stem}", f"shortcut-{network.shortcut}"]
        return " ".join(words + unusual_binarizers(choices, "approxsign"))


FAMILY = ResNet()

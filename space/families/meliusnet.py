"""MeliusNet and BinaryDenseNet: dense blocks that add channels, improvement blocks that better them.

Bethge et al., "MeliusNet: Can Binary Neural Networks Achieve MobileNet-level Accuracy?", 2020, arXiv 2001.05936, and
"BinaryDenseNet: Developing an Architecture for Binary Neural Networks", ICCVW 2019.
"""

from dataclasses import dataclass

from space.binarizers import binarizer_gene, binarizers_of, unusual_binarizers
from space.errors import InputError
from space.family import Family, Named, input_shape_of
from space.gene import Choices, Gene, number, word
from space.image_sizes import is_large

STAGES = 4
GROWTH = 64
UNIT = 32
STEMS = ("grouped", "7x7")

_BLOCKS = tuple(range(1, 33))
_WIDTHS = tuple(range(UNIT, 1025, UNIT))

_VARIANTS = {
    "22": ((4, 5, 4, 4), (160, 224, 256), 1),
    "29": ((4, 6, 8, 6), (128, 192, 256), 1),
    "42": ((5, 8, 14, 10), (160, 256, 416), 1),
    "59": ((6, 12, 24, 12), (192, 320, 544), 1),
    "a": ((4, 5, 5, 6), (160, 256, 288), 4),
    "b": ((4, 6, 8, 6), (160, 224, 320), 2),
    "c": ((3, 5, 10, 6), (128, 192, 288), 4),
}
_DENSE_VARIANTS = {
    "28": ((6, 6, 6, 5), (2.7, 2.7, 2.2)),
    "37": ((6, 8, 12, 6), (3.3, 3.3, 4)),
    "45": ((6, 12, 14, 8), (2.7, 3.3, 4)),
}


def unit_channels(width: float) -> int:
    """The channels that `UNIT` of them become. Raises InputError where the stem's groups would not divide them."""
    unit = UNIT * width
    if unit % 8:
        raise InputError(f"width {width:g} does not fit meliusnet; use a multiple of 0.25")
    return int(unit)


@dataclass(frozen=True, kw_only=True)
class StageChoice:
    """What is chosen in one stage and the transition behind it.

    Args:
        blocks: its dense blocks.
        binarizer: of its convolutions.
        width: channels that leave the transition, before the factor on channels; None for the last stage, without one.
        groups: of the transition; 1 without one.
    """

    blocks: int
    binarizer: str
    width: int | None
    groups: int


@dataclass(frozen=True, kw_only=True)
class NetworkChoice:
    """What is chosen in a network.

    Args:
        stem: one of `STEMS`, or ``3x3`` for small images.
        improvement: whether an improvement block follows each dense block.
        stages: the choices of each.
    """

    stem: str
    improvement: bool
    stages: tuple[StageChoice, ...]


def network_of(choices: Choices) -> NetworkChoice:
    """The typed choices of a network, from those of all genes."""
    stages = tuple(_stage_of(choices, stage, binarizer) for stage, binarizer in binarizers_of(choices).items())
    return NetworkChoice(stem=word(choices, "stem"), improvement=choices["improvement"] == "on", stages=stages)


def _stage_of(choices: Choices, stage: str, binarizer: str) -> StageChoice:
    has_transition = f"{stage}.width" in choices
    return StageChoice(
        blocks=number(choices, f"{stage}.blocks"),
        binarizer=binarizer,
        width=number(choices, f"{stage}.width") if has_transition else None,
        groups=number(choices, f"{stage}.groups") if has_transition else 1,
    )


class MeliusNet(Family):
    backbones = {"meliusnet-224": (3, 224, 224), "meliusnet-32": (3, 32, 32), "meliusnet-8": (1, 8, 8)}
    any_size = "meliusnet"

    def genes(self, backbone: str, width: float) -> tuple[Gene, ...]:
        unit = unit_channels(width)
        stems = STEMS if is_large(input_shape_of("meliusnet", backbone)) else ("3x3",)
        groups = tuple(g for g in (1, 2, 4, 8) if unit % g == 0)
        genes = [
            Gene(name="stem", choices=stems[:1], legal=stems),
            Gene(name="improvement", choices=("on", "off"), legal=("on", "off")),
        ]
        for stage in range(STAGES):
            genes.append(binarizer_gene(f"stage{stage}", "melius"))
            genes.append(Gene(name=f"stage{stage}.blocks", choices=(2, 3, 4, 5, 6, 7, 8), legal=_BLOCKS))
            if stage < STAGES - 1:
                widths = tuple(range(96, 321, UNIT))
                genes.append(Gene(name=f"stage{stage}.width", choices=widths, legal=_WIDTHS))
                genes.append(Gene(name=f"stage{stage}.groups", choices=groups[:3], legal=groups))
        return tuple(genes)

    def named(self) -> dict[str, Named]:
        found = {}
        for name, (blocks, widths, groups) in _VARIANTS.items():
            found[f"meliusnet-{name}"] = _named(blocks, widths, groups=groups, improvement="on")
        for name, (blocks, divisors) in _DENSE_VARIANTS.items():
            widths, channels = [], GROWTH
            for count, divisor in zip(blocks, divisors):
                channels = UNIT * round((channels + GROWTH * count) // divisor / UNIT)
                widths.append(channels)
            found[f"binarydensenet-{name}"] = _named(blocks, widths, groups=1, improvement="off")
        on_7x7 = {f"{name}-7x7": Named(choices={**named.choices, "stem": "7x7"}) for name, named in found.items()}
        return found | on_7x7

    def describe(self, choices: Choices) -> str:
        """`4>160/g4`: blocks of a stage, its transition's channels and groups; then what is not the paper's choice."""
        network = network_of(choices)
        words = []
        for stage in network.stages:
            transition = f">{stage.width}" if stage.width else ""
            words.append(f"{stage.blocks}{transition}" + (f"/g{stage.groups}" if stage.groups > 1 else ""))
        words += [] if network.improvement else ["dense"]
        words += ["7x7"] if network.stem == "7x7" else []
        words += unusual_binarizers(choices, "melius")
        return " ".join(words)


def _named(blocks: tuple[int, ...], widths: tuple[int, ...] | list[int], *, groups: int, improvement: str) -> Named:
    choices = {"improvement": improvement, "groups": groups}
    choices |= {f"stage{stage}.blocks": count for stage, count in enumerate(blocks)}
    choices |= {f"stage{stage}.width": width for stage, width in enumerate(widths)}
    return Named(choices=choices)


FAMILY = MeliusNet()

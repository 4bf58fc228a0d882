"""NAS-BNN: the search space of binary networks with a depth for each stage, and a width, a kernel and groups for each
block.

Lin et al., "NAS-BNN: Neural Architecture Search for Binary Neural Networks", 2024, arXiv 2408.15484. Channels, depths,
kernels, groups, strides and the rule that channels never decrease are those of the authors' repository,
github.com/VDIGPKU/NAS-BNN, at bf734a9 (``models/superbnn.py``). Of the paper's text only the abstract was at hand: a
family of networks of 20 to 200 M OPs, among them one with 68.20 % on ImageNet at 57 M. Which architectures these are
was not found, so none has a name here.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from space.binarizers import binarizer_gene, binarizers_of, unusual_binarizers
from space.errors import InputError
from space.family import Family
from space.gene import Choice, Choices, Gene, number

STEM_CHANNELS = (24, 32, 48)


@dataclass(frozen=True, kw_only=True)
class StageRange:
    """What may be chosen in one stage.

    Args:
        channels: that leave a block; at least as many as enter it.
        blocks: how many.
        kernels: of the first convolution of a block.
        groups: of that convolution.
        stride: of the first block.
    """

    channels: tuple[int, ...]
    blocks: tuple[int, ...]
    kernels: tuple[int, ...] = (3, 5)
    groups: tuple[int, ...]
    stride: int = 2


STAGES = (
    StageRange(channels=(48, 64, 96), blocks=(2, 3), kernels=(3,), groups=(1,), stride=1),
    StageRange(channels=(96, 128, 192), blocks=(2, 3), groups=(1, 2)),
    StageRange(channels=(192, 256, 384), blocks=(2, 3), groups=(2, 4)),
    StageRange(channels=(384, 512, 768), blocks=(8, 9), groups=(4, 8)),
    StageRange(channels=(768, 1024, 1536), blocks=(2, 3), groups=(8, 16)),
)


@dataclass(frozen=True, kw_only=True)
class BlockChoice:
    """What is chosen in one block.

    Args:
        channels: that leave it, before the factor on channels.
        kernel: height and width of its first convolution.
        groups: of that convolution.
    """

    channels: int
    kernel: int
    groups: int


@dataclass(frozen=True, kw_only=True)
class StageChoice:
    """What is chosen in one stage.

    Args:
        blocks: the choices of each.
        binarizer: of its convolutions.
    """

    blocks: tuple[BlockChoice, ...]
    binarizer: str


class Progress(NamedTuple):
    """What the genes so far leave to those behind.

    Args:
        channels: of the block before, before the factor on channels.
        blocks: how many the stage has.
    """

    channels: int
    blocks: int


def stem_channels_of(choices: Choices) -> int:
    """Channels that leave the stem, before the factor on channels."""
    return number(choices, "stem.channels")


def stages_of(choices: Choices) -> tuple[StageChoice, ...]:
    """The typed choices of the stages, from those of the genes that count."""
    return tuple(
        StageChoice(blocks=_blocks_of(choices, stage), binarizer=binarizer)
        for stage, binarizer in binarizers_of(choices).items()
    )


def _blocks_of(choices: Choices, stage: str) -> tuple[BlockChoice, ...]:
    names = (_block(stage, index) for index in range(number(choices, f"{stage}.blocks")))
    return tuple(
        BlockChoice(
            channels=number(choices, f"{name}.channels"),
            kernel=number(choices, f"{name}.kernel"),
            groups=number(choices, f"{name}.groups"),
        )
        for name in names
    )


def _block(stage: str, index: int) -> str:
    return f"{stage}-block{index}"


def _gene(name: str, choices: tuple[int, ...]) -> Gene:
    return Gene(name=name, choices=choices, legal=choices)


class NASBNN(Family):
    backbones = {"nas-bnn-224": (3, 224, 224), "nas-bnn-32": (3, 32, 32), "nas-bnn-8-grey": (1, 8, 8)}
    any_size = "nas-bnn"

    def genes(self, backbone: str, width: float) -> tuple[Gene, ...]:
        if width * 8 % 1:
            raise InputError(f"width {width:g} does not fit nas-bnn; use a multiple of 0.125")
        genes = [_gene("stem.channels", STEM_CHANNELS)]
        for index, stage in enumerate(STAGES):
            name = f"stage{index}"
            genes += [_gene(f"{name}.blocks", stage.blocks), binarizer_gene(name, "react")]
            for block in range(stage.blocks[-1]):
                genes.append(_gene(f"{_block(name, block)}.channels", stage.channels))
                genes.append(_gene(f"{_block(name, block)}.kernel", stage.kernels))
                genes.append(_gene(f"{_block(name, block)}.groups", stage.groups))
        return tuple(genes)

    def start(self, backbone: str, width: float) -> Progress:
        return Progress(channels=0, blocks=0)

    def read(self, backbone: str, width: float, choices: Choices, state: Any) -> tuple[dict[str, Choice], Progress]:
        """Fewer channels than in the block before are as many; a block behind the last of its stage does not exist."""
        progress: Progress = state
        layer, _, kind = next(iter(choices)).rpartition(".")
        if kind == "blocks":
            return dict(choices), progress._replace(blocks=number(choices, f"{layer}.blocks"))
        if kind != "channels":
            return dict(choices), progress
        _, _, block = layer.partition("-block")
        if block and int(block) >= progress.blocks:
            return {}, progress
        channels = max(number(choices, f"{layer}.channels"), progress.channels)
        return {**choices, f"{layer}.channels": channels}, progress._replace(channels=channels)

    def describe(self, choices: Choices) -> str:
        """The stem's channels, for each stage those of its blocks, such as `96-128k5g2`; then unusual binarizers."""
        stages = ("-".join(map(_word_of, stage.blocks)) for stage in stages_of(choices))
        return " ".join([str(stem_channels_of(choices)), *stages, *unusual_binarizers(choices, "react")])


def _word_of(block: BlockChoice) -> str:
    kernel, groups = f"k{block.kernel}" * (block.kernel > 3), f"g{block.groups}" * (block.groups > 1)
    return f"{block.channels}{kernel}{groups}"


FAMILY = NASBNN()

"""From what a user names to a search space or a network."""

from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType

from space.architecture import Architecture
from space.errors import InputError
from space.family import backbones_text, family_names, find_family, genes_of, load_family
from space.gene import Choices
from space.own_file import SUFFIX
from space.reading import expanded, read_toml
from space.search_space import SearchSpace

OWN, OWN_FILES = Path(__file__).parent, ("paper.toml", "wide.toml")


def load_space(
    space: str = "mobinet",
    *,
    backbone: str | None = None,
    input_shape: tuple[int, int, int] = (1, 8, 8),
    width: float = 1.0,
    binarizer: str | None = None,
) -> SearchSpace:
    """The search space called `space`, or the one a TOML file restricts.

    A file holds ``family = "mobinet"`` (the default), allowed choices for all layers such as
    ``block = ["pre", "mid"]``, ``k = [0, 1, 2]`` or ``k = "up to 2"``, and tables such as ``[layer3]`` with
    the same entries for one layer.

    Args:
        space: a family's name, the path of a TOML file, or that of a Python file, which is run, see
            `space.family.load_family`; ``paper.toml`` is the range of MoBiNet's paper and
            ``wide.toml`` goes beyond it, unless there is such a file in the working directory.
        backbone: a backbone of the family.
        input_shape: (C, H, W); without a backbone, the family's first one for such images.
        width: factor on its channels.
        binarizer: of all layers; None for the space's own.

    Raises:
        InputError: the file cannot be read, or its choices do not fit the backbone.
    """
    found = _named_space(space, backbone, input_shape, width)
    return found.restrict({"binarizer": binarizer}) if binarizer else found


def _named_space(space: str, backbone: str | None, input_shape: tuple[int, int, int], width: float) -> SearchSpace:
    if space in family_names():
        return _whole(space, backbone, input_shape, width)
    if space.endswith(SUFFIX):
        return _whole(load_family(space), backbone, input_shape, width)
    if not space.endswith(".toml"):
        file = f"{space}.toml"
        there = f"; did you mean {file}?" if Path(file).exists() else ""
        raise InputError(
            f"--space {space} is neither a family ({', '.join(family_names())}) nor a .toml or .py file{there}"
        )
    rules = read_toml(_file(space))
    family = rules.pop("family", "mobinet")
    try:
        return _whole(family, backbone, input_shape, width).restrict(rules)
    except InputError as error:
        raise InputError(f"{space}: {error}") from None


def _file(name: str) -> Path:
    """The file of this path, or the one of this name beside this module."""
    return OWN / name if name in OWN_FILES and not Path(name).exists() else expanded(name)


def named_network(
    name: str,
    *,
    input_shape: tuple[int, int, int],
    backbone: str | None = None,
    width: float | None = None,
    choices: Choices = MappingProxyType({}),
) -> Architecture:
    """The hand-designed network called `name`, such as ``"mobinet-mid-k3"``.

    Args:
        name: of a network of any family.
        input_shape: (C, H, W); without a backbone, the family's first one for such images.
        backbone: one of the family's.
        width: other than the network's own.
        choices: of genes, or of kinds of genes, other than the network's own.

    Raises:
        InputError: no network is called so, or it does not fit the backbone.
    """
    known = {name: family for family in family_names() for name in find_family(family).named()}
    if name not in known:
        near = get_close_matches(name, known, n=3) or [*known][:3]
        raise InputError(
            f"{name} is neither a .json file nor a network, such as {', '.join(near)}; python -m results.zoo lists all"
        )
    named = find_family(known[name]).named()[name]
    backbone = backbone or _fitting_backbone(known[name], input_shape)
    return Architecture.of(
        known[name], backbone, named.width if width is None else width, {**named.choices, **choices}
    ).canonical()


def _whole(family: str, backbone: str | None, input_shape: tuple[int, int, int], width: float) -> SearchSpace:
    find_family(family)  # a file may name anything, also what no cache can hold
    backbone = backbone or _fitting_backbone(family, input_shape)
    genes = tuple(genes_of(family, backbone, width).values())
    return SearchSpace(family=family, backbone=backbone, width=width, genes=genes)


def smaller_backbones(family: str, input_shape: tuple[int, int, int]) -> list[str]:
    """The family's backbones for images (C, H, W) with fewer pixels and as many colours, large to small."""
    channels, height, width = input_shape
    backbones = find_family(family).backbones.items()
    pixels = {name: h * w for name, (c, h, w) in backbones if c == channels and h * w < height * width}
    return sorted(pixels, key=lambda name: -pixels[name])


def _fitting_backbone(family: str, input_shape: tuple[int, int, int]) -> str:
    found = find_family(family)
    if name := found.backbone_for(input_shape):
        return name
    wanted = "x".join(map(str, input_shape))
    raise InputError(f"{family} has no backbone for {wanted} images; choose with --backbone: {backbones_text(found)}")

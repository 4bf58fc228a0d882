"""A family of networks: its backbones, its genes, and which spellings are one network.

A family is one module in ``space/families`` that defines ``FAMILY``, and one of the same name in
``mobinet/families`` that builds it; or one file of the user's own that does both.
"""

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from functools import cache

from space import families
from space.errors import InputError
from space.gene import Choice, Choices, Gene
from space.image_sizes import SIZES, Shape, name_of, shape_called
from space.own_file import load_file, own_files, own_part

LARGEST_WIDTH = 100
MOST_CLASSES = 100_000


@dataclass(frozen=True, kw_only=True)
class Named:
    """A hand-designed network.

    Args:
        choices: of genes by their name, or by their kind for all layers alike; the others take their first choice.
        width: factor on the backbone's channels.
    """

    choices: Choices = field(default_factory=dict)
    width: float = 1.0


class Family(ABC):
    """What a search space needs to know about a kind of network."""

    backbones: Mapping[str, Shape]
    """Name of each backbone and its input shape; those for images of any size are not listed."""

    any_size: str = ""
    """What names of backbones for images of any size begin with, where there are such: ``resnet`` of ``resnet-96``."""

    smallest_size: int = SIZES[0]
    """Pixels of the side of the smallest images that these take."""

    layers_are_independent: bool = False
    """Whether a layer is what its own genes and those of the whole network make it. Such a family has a supernet."""

    coupling: tuple[str, ...] = ()
    """Kinds of genes that change other layers as well; a supernet has no choice of them."""

    def input_shape(self, backbone: str) -> Shape | None:
        """(C, H, W) of the images that a backbone takes; None where there is no backbone of this name."""
        if backbone in self.backbones:
            return self.backbones[backbone]
        shape = shape_called(backbone, self.any_size) if self.any_size else None
        return shape if shape and self._sized(shape) == backbone else None

    def backbone_for(self, input_shape: Shape) -> str | None:
        """The first backbone for images (C, H, W); None if there is none."""
        listed = (name for name, shape in self.backbones.items() if shape == input_shape)
        return next(listed, None) or self._sized(input_shape)

    def _sized(self, shape: Shape) -> str | None:
        """The backbone for images of any size that takes these."""
        fits = self.any_size and shape[1] >= self.smallest_size
        return name_of(shape, self.any_size, self.backbones) if fits else None

    @abstractmethod
    def genes(self, backbone: str, width: float) -> tuple[Gene, ...]:
        """The genes of a backbone. Raises InputError when `width` does not fit it."""

    def start(self, backbone: str, width: float) -> Hashable:
        """The state that the first group of genes is read in, see `read`."""
        return None

    def read(
        self, backbone: str, width: float, choices: Choices, state: Hashable
    ) -> tuple[dict[str, Choice], Hashable]:
        """Rewrite the choices of one group so that equal networks are spelled alike.

        Groups are read in the order of the genes. What a group means may depend on groups before it, through the state
        that they leave: how many channels there are by now, how many layers of the stage exist. Whatever the choices,
        they mean a network: what cannot be is read as something that can. Choices that differ after this rewriting, in
        one state, are different networks, and what is rewritten stays as it is when it is read again.

        Returns:
            the choices, rewritten, in the same order, or none where their layer does not exist; the state for the next
            group.
        """
        known = _genes_on(self, backbone, width)
        return {name: known[name].aliases.get(choice, choice) for name, choice in choices.items()}, state

    def channels(self, backbone: str, width: float, choices: Choices) -> dict[str, int]:
        """How many channels leave each layer, to be shown; empty where the family does not say.

        Args:
            backbone, width: of the network.
            choices: of the genes that count.
        """
        return {}

    def named(self) -> dict[str, Named]:
        """The hand-designed networks by their names."""
        return {}

    @abstractmethod
    def describe(self, choices: Choices) -> str:
        """The architecture in one short line, for people.

        Args:
            choices: of the genes that count, but for those with a default that have it.
        """


def family_names() -> tuple[str, ...]:
    """Names of all families there are; those of the user's own files come last."""
    return *_built_in(), *(file.name for file in own_files() if own_part(file.name, "FAMILY"))


@cache
def _built_in() -> tuple[str, ...]:
    return tuple(sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(families.__path__)))


def load_family(path: str) -> str:
    """Run a file that holds a family, ``FAMILY``, and builds it, ``parts(architecture, num_classes)``.

    Returns its name. Raises InputError where the file cannot be used.
    """
    name = load_file(path, taken=_built_in())
    if not isinstance(own_part(name, "FAMILY"), Family) or not callable(own_part(name, "parts")):
        raise InputError(f"{path} holds no family: FAMILY, a space.family.Family, and parts(architecture, num_classes)")
    return name


def find_family(name: str) -> Family:
    """The family called `name`; raises InputError when there is none."""
    if name in _built_in():
        return importlib.import_module(f"space.families.{name.replace('-', '_')}").FAMILY
    if name not in family_names():
        known = ", ".join(family_names())
        raise InputError(f"no family is called {name!r}; use one of {known}, or name the file that holds it: --space")
    return own_part(name, "FAMILY")


@cache
def backbone_names() -> tuple[str, ...]:
    """Names of all backbones there are; ``NAME-SIZE`` stands for those of any size."""
    families = [find_family(name) for name in family_names()]
    listed = [name for family in families for name in family.backbones]
    return tuple(dict.fromkeys([*listed, *(name for family in families for name in _names_of_any_size(family))]))


def backbones_text(family: Family) -> str:
    """What may follow ``--backbone``."""
    sizes = f", SIZE from {family.smallest_size} to {SIZES[-1]}" if family.any_size else ""
    return ", ".join([*family.backbones, *_names_of_any_size(family)]) + sizes


def _names_of_any_size(family: Family) -> list[str]:
    return [f"{family.any_size}-SIZE", f"{family.any_size}-SIZE-grey"] if family.any_size else []


def input_shape_of(family: str, backbone: str) -> Shape:
    """(C, H, W) of the images that a backbone takes. Raises InputError where `family` has no backbone of this name."""
    found = find_family(family)
    if shape := found.input_shape(backbone):
        return shape
    raise InputError(f"{family} has no backbone {backbone!r}; use one of {backbones_text(found)}")


def genes_of(family: str, backbone: str, width: float) -> dict[str, Gene]:
    """The genes of `family` on `backbone`, by name; raises InputError for an unknown backbone or a bad width."""
    if isinstance(width, bool) or not isinstance(width, int | float) or not 0 < width <= LARGEST_WIDTH:
        raise InputError(f"width must be a number above 0 and up to {LARGEST_WIDTH}, not {width!r}")
    return _genes_of(family, backbone, float(width))


@cache
def _genes_of(family: str, backbone: str, width: float) -> dict[str, Gene]:
    input_shape_of(family, backbone)
    return _genes_on(find_family(family), backbone, width)


@cache
def _genes_on(family: Family, backbone: str, width: float) -> dict[str, Gene]:
    return {gene.name: gene for gene in family.genes(backbone, width)}


@cache
def groups_of(family: str, backbone: str, width: float) -> tuple[tuple[Gene, ...], ...]:
    """The genes of `family` on `backbone` by group, in the order in which they are read."""
    groups: dict[str, list[Gene]] = {}
    for gene in genes_of(family, backbone, width).values():
        groups.setdefault(gene.group, []).append(gene)
    return tuple(map(tuple, groups.values()))

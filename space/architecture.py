"""An architecture: one complete network, up to its number of classes."""

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from space.errors import InputError
from space.family import find_family, genes_of, groups_of, input_shape_of
from space.gene import Choice, Choices


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """A complete network: frozen, hashable, and the same after a round trip through JSON.

    Args:
        family: which kind of network, a module of ``space/families``.
        backbone: what the search does not change, such as ``"mobilenet-224"``.
        width: factor on the backbone's channels.
        genes: (name, choice) of every gene that is not at its default, in the family's order. A mapping is taken as
            well, and may hold defaults.

    Raises:
        InputError: a gene is missing, unknown, or does not fit the backbone.
    """

    family: str = "mobinet"
    backbone: str
    width: float = 1.0
    genes: tuple[tuple[str, Choice], ...]

    def __post_init__(self) -> None:
        known = genes_of(self.family, self.backbone, self.width)
        given = dict(self.genes)
        missing = [name for name, gene in known.items() if name not in given and gene.default is None]
        if missing or not given.keys() <= known.keys():
            extra = sorted(given.keys() - known.keys())
            needed = sum(gene.default is None for gene in known.values())
            problem = f"lacks the gene {min(missing)}" if missing else f"has no gene {extra[0]!r}"
            raise InputError(f"{self.family} on {self.backbone} {problem}; it wants each of its {needed} genes once")
        for name, choice in given.items():
            known[name].check(choice)
        object.__setattr__(self, "width", float(self.width))
        named = ((name, given.get(name, gene.default), gene.default) for name, gene in known.items())
        object.__setattr__(self, "genes", tuple((name, choice) for name, choice, usual in named if choice != usual))

    @classmethod
    def uniform(
        cls, backbone: str, *, family: str = "mobinet", width: float = 1.0, **choices: Choice
    ) -> "Architecture":
        """All layers alike: ``uniform("mobilenet-224", block="mid", k=3, pool="avg")``.

        A kind of gene that is not named takes what is usual. Raises InputError for a kind no gene has.
        """
        return cls.of(family, backbone, width, choices)

    @classmethod
    def of(cls, family: str, backbone: str, width: float, choices: Choices) -> "Architecture":
        """The architecture of `choices` by gene or, for all layers alike, by kind; others are as usual.

        Raises:
            InputError: a choice names no gene, or does not fit the backbone.
        """
        known = genes_of(family, backbone, width)
        if unknown := sorted(choices.keys() - known.keys() - {gene.kind for gene in known.values()}):
            raise InputError(f"{family} on {backbone} has no gene {unknown[0]!r}")
        genes = {name: choices.get(name, choices.get(gene.kind, gene.usual)) for name, gene in known.items()}
        return cls(family=family, backbone=backbone, width=width, genes=tuple(genes.items()))

    @cached_property
    def choices(self) -> dict[str, Choice]:
        """The genes as a mapping from name to choice; those at their default are left out."""
        return dict(self.genes)

    @cached_property
    def all_choices(self) -> dict[str, Choice]:
        """The choice of every gene."""
        known = genes_of(self.family, self.backbone, self.width)
        return {name: self.choices.get(name, gene.usual) for name, gene in known.items()}

    def choice_of(self, name: str) -> Choice | None:
        """The choice of a gene or, for a kind of gene, the one that all layers share, if they do."""
        if name in self.all_choices:
            return self.all_choices[name]
        shared = {choice for gene, choice in self.all_choices.items() if gene.rpartition(".")[2] == name}
        return shared.pop() if len(shared) == 1 else None

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one image."""
        return input_shape_of(self.family, self.backbone)

    def canonical(self) -> "Architecture":
        """The one spelling that all architectures of this same network share."""
        return self._canonical

    @cached_property
    def _canonical(self) -> "Architecture":
        known = genes_of(self.family, self.backbone, self.width)
        genes = {name: self.effective.get(name, gene.usual) for name, gene in known.items()}
        return self if genes == self.all_choices else replace(self, genes=genes)

    @cached_property
    def effective(self) -> dict[str, Choice]:
        """The canonical choices of the genes that count: those of layers that do not exist are left out."""
        family, found = find_family(self.family), {}
        state = family.start(self.backbone, self.width)
        for group in groups_of(self.family, self.backbone, self.width):
            choices = {gene.name: self.all_choices[gene.name] for gene in group}
            choices, state = family.read(self.backbone, self.width, choices, state)
            found |= choices
        return found

    @cached_property
    def key(self) -> str:
        """Twelve hexadecimal digits, equal for two architectures exactly when they are the same network."""
        return hashlib.sha256(self.canonical().to_json().encode()).hexdigest()[:12]

    def describe(self) -> str:
        """The architecture in one short line."""
        counting = {name: choice for name, choice in self.genes if name in self.effective}
        return find_family(self.family).describe(counting)

    def to_dict(self) -> dict[str, Any]:
        """What `to_json` writes, as plain Python."""
        return {"family": self.family, "backbone": self.backbone, "width": self.width, "genes": self.choices}

    def to_json(self) -> str:
        return json.dumps(self.to_dict())

    @classmethod
    def from_dict(cls, fields: Any) -> "Architecture":
        """The inverse of `to_dict`. Raises InputError on anything else."""
        expected = {"family": str, "backbone": str, "width": (int, float), "genes": dict}
        if not isinstance(fields, dict) or fields.keys() != expected.keys():
            raise InputError(f"an architecture is an object with exactly the fields {', '.join(expected)}")
        for name, kind in expected.items():
            if not isinstance(fields[name], kind):
                raise InputError(f"the architecture's field {name} is {fields[name]!r}, of the wrong type")
        return cls(**fields)

    @classmethod
    def from_json(cls, text: str) -> "Architecture":
        """The inverse of `to_json`. Raises InputError on anything else."""
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InputError(f"an architecture must be JSON: {error}") from None
        return cls.from_dict(fields)

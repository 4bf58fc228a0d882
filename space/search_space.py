"""A search space: the architectures that a search may propose."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from random import Random
from typing import Any

from space.architecture import Architecture
from space.chain import Chain, Combination
from space.errors import InputError
from space.family import find_family, genes_of, input_shape_of
from space.gene import Choice, Choices, Gene


@dataclass(frozen=True, kw_only=True)
class SearchSpace:
    """All architectures whose genes take the given choices.

    Networks, not spellings, are what is counted and drawn: of all the ways to spell one, `spell` picks one.
    """

    family: str
    backbone: str
    width: float
    genes: tuple[Gene, ...]

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one image."""
        return input_shape_of(self.family, self.backbone)

    @property
    def gene_names(self) -> tuple[str, ...]:
        """The genes that architectures in this space name: all but those that it leaves at their default."""
        return tuple(name for name in genes_of(self.family, self.backbone, self.width) if name not in self._closed)

    @cached_property
    def _closed(self) -> frozenset[str]:
        return frozenset(gene.name for gene in self.genes if gene.closed)

    @cached_property
    def chain(self) -> Chain:
        """Its networks, as ways through the groups of its genes."""
        return Chain(self.family, self.backbone, self.width, self.genes)

    @cached_property
    def groups(self) -> tuple[tuple[Combination, ...], ...]:
        """Per group of genes, the spellings of what can be chosen in it, whatever is chosen before."""
        return tuple(spellings for spellings in self.chain.options if () not in spellings)

    @cached_property
    def size(self) -> int:
        """The number of distinct networks."""
        return self.chain.counts[0][self.chain.start]

    def architecture(self, choices: Choices) -> Architecture:
        """The architecture of `choices`, one per gene that has any, in canonical form."""
        return Architecture.of(self.family, self.backbone, self.width, {**self._fixed, **choices}).canonical()

    @cached_property
    def _fixed(self) -> dict[str, Choice]:
        return {gene.name: gene.choices[0] for gene in self.genes if len(gene.choices) == 1}

    def spell(self, architecture: Architecture) -> dict[str, Choice]:
        """The choices of this space that make `architecture`. Raises InputError when there are none."""
        if (architecture.family, architecture.backbone, architecture.width) == (self.family, self.backbone, self.width):
            spelled = self.chain.spell(architecture.effective)
            if spelled is not None:
                return spelled
        raise InputError(f"the search space does not hold {architecture.describe()}")

    def __contains__(self, architecture: Architecture) -> bool:
        try:
            self.spell(architecture)
        except InputError:
            return False
        return True

    def __iter__(self) -> Iterator[Architecture]:
        """Every network once."""
        return map(self.architecture, self.chain.spellings())

    @property
    def choices(self) -> dict[str, list[Choice]]:
        """What a search may pick for each gene, by its name, but for those that it leaves at their default."""
        return {gene.name: list(gene.choices) for gene in self.genes if not gene.closed}

    @cached_property
    def first_choices(self) -> dict[str, Choice]:
        """The first choice of each gene, by its name: those of one of the networks."""
        return {gene.name: gene.choices[0] for gene in self.genes}

    @property
    def opened(self) -> dict[str, str]:
        """Kinds of genes with a default that this space opens, each with its note."""
        return {gene.kind: gene.note for gene in self.genes if gene.default is not None and not gene.closed}

    def misfit(self, choices: Choices) -> str:
        """Which of these is no choice of its genes, in half a line; empty where each is one."""
        known = {gene.name: gene.choices for gene in self.genes}
        for name, choice in choices.items():
            if name not in known:
                return f"this space has no choice called {name}"
            if choice not in known[name]:
                return f"{name} = {choice!r} is none of {', '.join(map(str, known[name]))}"
        return ""

    def baselines(self) -> tuple[Architecture, ...]:
        """The hand-designed networks within this space, each once."""
        found = {}
        for named in find_family(self.family).named().values():
            try:
                network = Architecture.of(self.family, self.backbone, self.width, named.choices)
            except InputError:  # such as a K that does not divide the channels at this width
                continue
            if network in self:
                found.setdefault(network.key, network.canonical())
        return tuple(found.values())

    def sample(self, rng: Random) -> Architecture:
        """One network, each with the same probability."""
        return self.architecture(self.chain.draw(rng))

    def mutate(self, architecture: Architecture, rng: Random, *, p: float = 0.1) -> Architecture:
        """Redraw each gene with probability `p`, and at least one; another network unless there is no other."""
        origin = mutant = architecture.canonical()
        free = [gene for gene in self.genes if len(gene.choices) > 1]
        while mutant == origin and self.size > 1:
            redrawn = [gene for gene in free if rng.random() < p] or [rng.choice(free)]
            choices = self.spell(origin)
            for gene in redrawn:
                choices[gene.name] = rng.choice([c for c in gene.choices if c != choices[gene.name]])
            mutant = self.architecture(choices)
        return mutant

    def crossover(self, one: Architecture, other: Architecture, rng: Random, *, share: float = 0.5) -> Architecture:
        """Take each gene of `other` with probability `share`, else that of `one`."""
        ours, theirs = self.spell(one), self.spell(other)
        open_names = [name for name in ours if name not in self._closed]
        return self.architecture({name: theirs[name] if rng.random() < share else ours[name] for name in open_names})

    def suggest(self, trial: Any) -> Architecture:
        """The architecture an Optuna trial proposes; it is asked for the genes that have a choice."""
        return self.architecture({gene.name: gene.suggest(trial) for gene in self.genes if len(gene.choices) > 1})

    def restrict(self, rules: Mapping[str, Any]) -> "SearchSpace":
        """A smaller space.

        Args:
            rules: ``{"k": [0, 1]}`` for all layers, ``{"layer3": {"k": [0, 1]}}`` for one, which goes before;
                ``{"k": "up to 4"}`` for those of a layer's own choices; ``{"tie": ["binarizer"]}`` for one choice in
                all layers.

        Raises:
            InputError: a rule names no gene, or choices that do not fit.
        """
        flat: dict[tuple[str, ...], Any] = {}
        ties = rules.get("tie", [])
        for name, value in rules.items():
            if name == "tie":
                continue
            if isinstance(value, dict) and value:
                flat |= {(name, kind): choices for kind, choices in value.items()}
            else:
                flat[(name,)] = value
        known = {(gene.kind,) for gene in self.genes} | {(gene.layer, gene.kind) for gene in self.genes}
        for path in flat:
            if path not in known:
                kinds = ", ".join(dict.fromkeys(gene.kind for gene in self.genes))
                layers = dict.fromkeys(gene.layer for gene in self.genes if gene.layer)
                tables = f"; tables are {_ranges(layers)}" if layers else ""
                there = f"; choices are {kinds}{tables}" if kinds else ", nor any other; leave it out"
                raise InputError(f"{self.family} on {self.backbone} has no choice called {'.'.join(path)}{there}")

        def restricted(gene: Gene) -> Gene:
            choices = flat.get((gene.layer, gene.kind), flat.get((gene.kind,)))
            return gene if choices is None else gene.restrict(_chosen(gene, choices))

        genes = tuple(map(restricted, self.genes))
        if all(gene.default is None or gene.closed for gene in genes):
            genes = tuple(gene.without_aliases() for gene in genes)
        return replace(self, genes=genes)._tied(ties)

    def _tied(self, kinds: Any) -> "SearchSpace":
        genes = self.genes
        for kind in kinds if isinstance(kinds, list) else [kinds]:
            tied = [gene for gene in genes if gene.kind == kind]
            if not tied or not all(gene.alone for gene in tied):
                free = ", ".join(dict.fromkeys(gene.kind for gene in genes if gene.alone)) or "none here"
                raise InputError(f"{kind} cannot be tied; tie one of {free}")
            common = tuple(choice for choice in tied[0].choices if all(choice in gene.choices for gene in tied))
            one = replace(tied[0], name=kind).restrict(common)
            genes = (one, *(gene for gene in genes if gene not in tied))
        return replace(self, genes=genes)


def _chosen(gene: Gene, rule: Any) -> tuple[Any, ...]:
    """The choices that a rule such as ``[0, 1]``, ``"avg"`` or ``"up to 4"`` leaves of a gene's own."""
    if isinstance(rule, str) and (limit := re.fullmatch(r"up to ([0-9]{1,9})", rule)):
        own = gene.choices if gene.default is None else gene.legal
        return tuple(choice for choice in own if isinstance(choice, int) and choice <= int(limit[1]))
    return tuple(rule) if isinstance(rule, list) else (rule,)


def _ranges(names: Iterable[str]) -> str:
    """The names; where several differ only in the number at their end, the first `to` the last."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(name.rstrip("0123456789"), []).append(name)
    return ", ".join(group[0] if len(group) == 1 else f"{group[0]} to {group[-1]}" for group in groups.values())

"""The networks of a space as ways through a chain: groups of genes, each read in the state that those before it left.

A way is one network: it is counted, drawn and listed once, however often the genes can spell it.
"""

from bisect import bisect
from collections.abc import Hashable, Iterator
from functools import cached_property
from itertools import accumulate, product
from math import gcd
from random import Random
from typing import NamedTuple

from space.family import find_family, groups_of
from space.gene import Choice, Choices, Gene

Combination = tuple[tuple[str, Choice], ...]
"""(name, choice) of several genes."""


class State(NamedTuple):
    """What a group is read in.

    Args:
        family: what the family's `read` left.
        tied: of each gene that stands for those of all layers.
    """

    family: Hashable
    tied: Combination = ()


class Step(NamedTuple):
    """What one group of genes adds to a network.

    Args:
        spelling: the first choices of the space that mean it.
        after: the state that it leaves.
    """

    spelling: Combination
    after: State


Steps = dict[Combination, Step]
"""By canonical form, what can be chosen in a group that is read in one state."""


class Chain:
    """The groups of a space's genes in the order in which they are read: those that are tied, then the family's.

    Args:
        family, backbone, width, genes: as of a `space.SearchSpace`.
    """

    def __init__(self, family: str, backbone: str, width: float, genes: tuple[Gene, ...]) -> None:
        self._place = family, backbone, width
        self._own = {gene.name: gene for gene in genes}
        of_family = groups_of(family, backbone, width)
        self._known = {gene.name for group in of_family for gene in group}
        tied = [(gene,) for gene in genes if gene.name not in self._known]
        self.groups: tuple[tuple[Gene, ...], ...] = (*tied, *of_family)
        self.start = State(find_family(family).start(backbone, width))
        self._names = [[gene.name for gene in group if gene.name in self._own] for group in self.groups]
        self._met: dict[tuple, Step] = {}

    @cached_property
    def steps(self) -> tuple[dict[State, Steps], ...]:
        """For each group, what can be chosen in each state that the groups before it can leave."""
        found, states = [], {self.start: None}
        for group in self.groups:
            found.append({state: self._steps(group, state) for state in states})
            states = dict.fromkeys(step.after for steps in found[-1].values() for step in steps.values())
        return tuple(found)

    def _steps(self, group: tuple[Gene, ...], state: State) -> Steps:
        own = [self._own[gene.name] for gene in group if gene.name in self._own]
        steps: Steps = {}
        for choices in product(*(gene.choices for gene in own)):
            spelling = tuple((gene.name, choice) for gene, choice in zip(own, choices))
            canonical, after = self._read(group, dict(spelling), state)
            steps.setdefault(canonical, Step(spelling, after))
        return steps

    def step(self, number: int, state: State, choices: Choices) -> Step:
        """What these choices, of the genes of the space, are in a group."""
        canonical, _ = self._read(self.groups[number], choices, state)
        return self.steps[number][state][canonical]

    def respell(self, choices: Choices) -> dict[str, Choice]:
        """The spelling of the network that these choices, of all genes of the space, make."""
        found, state = {}, self.start
        for number, names in enumerate(self._names):
            key = number, state, *[choices[name] for name in names]
            step = self._met.get(key)
            if step is None:
                step = self._met[key] = self.step(number, state, choices)
            found |= step.spelling
            state = step.after
        return found

    @cached_property
    def coupled(self) -> bool:
        """Whether a choice in one group changes what can be chosen in another."""
        return any(len(by_state) > 1 for by_state in self.steps)

    def _read(self, group: tuple[Gene, ...], choices: Choices, state: State) -> tuple[Combination, State]:
        """The canonical form of a group's choices, and the state that they leave."""
        name = group[0].name
        if name not in self._known:
            return ((name, choices[name]),), State(state.family, (*state.tied, (name, choices[name])))
        tied = dict(state.tied)
        whole = {gene.name: choices[gene.name] if gene.name in self._own else tied[gene.kind] for gene in group}
        family, backbone, width = self._place
        canonical, after = find_family(family).read(backbone, width, whole, state.family)
        return tuple(canonical.items()), State(after, state.tied)

    @cached_property
    def options(self) -> tuple[tuple[Combination, ...], ...]:
        """For each group, the spellings of what can be chosen, in whatever state."""
        return tuple(
            tuple(dict.fromkeys(step.spelling for steps in by_state.values() for step in steps.values()))
            for by_state in self.steps
        )

    @cached_property
    def counts(self) -> tuple[dict[State, int], ...]:
        """For each group and state, the number of ways from there on; last those behind all groups."""
        ways = {step.after: 1 for steps in self.steps[-1].values() for step in steps.values()} if self.groups else {}
        found = [ways or {self.start: 1}]
        for by_state in reversed(self.steps):
            after = found[0]
            ways = {state: sum(after[step.after] for step in steps.values()) for state, steps in by_state.items()}
            found.insert(0, ways)
        return tuple(found)

    def draw(self, rng: Random) -> dict[str, Choice]:
        """The spelling of one way, each with the same probability."""
        spelling: dict[str, Choice] = {}
        state = self.start
        for group, by_state, ends in zip(self.groups, self.steps, self._ends):
            steps = [*by_state[state].values()]
            # A gene that is left at its default takes no random number: spaces are drawn from as before there was it.
            closed = all(self._own[gene.name].closed for gene in group if gene.name in self._own)
            step = steps[0 if closed else bisect(ends[state], rng.randrange(ends[state][-1]))]
            spelling |= step.spelling
            state = step.after
        return spelling

    @cached_property
    def _ends(self) -> tuple[dict[State, list[int]], ...]:
        """For each group and state, the share of ways that begin with each step or one before it, in whole numbers."""
        return tuple(
            {
                state: [*accumulate(_ratio([after[step.after] for step in steps.values()]))]
                for state, steps in own.items()
            }
            for own, after in zip(self.steps, self.counts[1:])
        )

    def spellings(self) -> Iterator[dict[str, Choice]]:
        """Each way once."""

        def onwards(group: int, state: State) -> Iterator[Combination]:
            if group == len(self.groups):
                yield ()
                return
            for step in self.steps[group][state].values():
                for rest in onwards(group + 1, step.after):
                    yield step.spelling + rest

        return map(dict, onwards(0, self.start))

    def spell(self, effective: Choices) -> dict[str, Choice] | None:
        """The spelling of the network with these effective choices; None if no way makes it."""

        def onwards(group: int, state: State) -> Combination | None:
            if group == len(self.groups):
                return ()
            steps, names = self.steps[group][state], [gene.name for gene in self.groups[group]]
            tied = names[0] not in self._known
            wanted = steps if tied else [tuple((name, effective[name]) for name in names if name in effective)]
            for step in (steps[combination] for combination in wanted if combination in steps):
                if (rest := onwards(group + 1, step.after)) is not None:
                    return step.spelling + rest
            return None

        spelled = onwards(0, self.start)
        return None if spelled is None else dict(spelled)


def _ratio(counts: list[int]) -> list[int]:
    """Without what all have in common."""
    common = gcd(*counts)
    return [count // common for count in counts]

"""Samplers propose architectures: Optuna's, kept to networks that are new and within the budget."""

import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import chain
from random import Random
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FixedTrial, FrozenTrial, TrialState

from space import Architecture, SearchSpace

PROPOSALS = 10
MUTANTS = 200

Make = Callable[[int], BaseSampler]


class Exhausted(RuntimeError):
    """No network of the space is both new and within the budget."""


class FreshSampler(BaseSampler):
    """Proposes only networks that may be trained: `first` in their order, then what another sampler proposes.

    A proposal that may not be trained is drawn again; where the other sampler insists, a near network that may be is
    found by mutation or, where proposals are too dear, by crossing with the cheapest. Every trial gets a sampler of its
    own, seeded by the study's seed and the trial's number, so that a search that was interrupted goes on as if it had
    not been.

    Args:
        make: a sampler from a seed.
        space: what is searched.
        seed: the study's.
        first: architectures to propose before any other, where they may be trained.
        fresh: whether an architecture may be trained.
        affordable: every network within the budget, the cheapest first.
    """

    def __init__(
        self,
        make: Make,
        space: SearchSpace,
        *,
        seed: int,
        first: tuple[Architecture, ...],
        fresh: Callable[[Architecture], bool],
        affordable: Callable[[], Iterable[Architecture]],
    ) -> None:
        self._make = make
        self._space = space
        self._seed = seed
        self._first = first
        self._fresh = fresh
        self._affordable = affordable
        self.distributions = distributions_of(space)

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return self.distributions

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        inner = self._inner(trial)
        proposals = [*self._first]
        for _ in range(PROPOSALS):
            proposals.append(self._propose(inner, study, trial))
            # Asked even while `first` is proposed: some samplers take note of each trial here.
            for proposal in proposals:
                if self._fresh(proposal):
                    return self._space.spell(proposal)
            proposals = proposals[-1:]
        return self._space.spell(self._near(proposals[-1], Random(f"{self._seed}/{trial.number}")))

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self._inner(trial).sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self, study: optuna.Study, trial: FrozenTrial, state: TrialState, values: list[float] | None
    ) -> None:
        self._inner(trial).after_trial(study, trial, state, values)

    def _inner(self, trial: FrozenTrial) -> BaseSampler:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return self._make(Random(f"{self._seed}/{trial.number}").getrandbits(32))

    def _propose(self, inner: BaseSampler, study: optuna.Study, trial: FrozenTrial) -> Architecture:
        params = inner.sample_relative(study, trial, self.distributions)
        for name, distribution in self.distributions.items():
            if name not in params:
                params[name] = inner.sample_independent(study, trial, name, distribution)
        return self._space.architecture(params)

    def _near(self, proposal: Architecture, rng: Random) -> Architecture:
        """A fresh network, like `proposal` if that is possible; raises Exhausted where there is none."""
        for network in chain(self._relatives(proposal, rng), self._affordable()):
            if self._fresh(network):
                return network
        raise Exhausted

    def _relatives(self, proposal: Architecture, rng: Random) -> Iterator[Architecture]:
        """Mutants, and children of the cheapest network, farther and farther away."""
        for draw in range(MUTANTS):
            yield self._space.mutate(proposal, rng, p=draw / MUTANTS)
            yield self._space.crossover(proposal, self._cheapest, rng, share=draw / MUTANTS)

    @cached_property
    def _cheapest(self) -> Architecture:
        for network in self._affordable():
            return network
        raise Exhausted


def distributions_of(space: SearchSpace) -> dict[str, BaseDistribution]:
    """Optuna's distribution of every gene that has a choice."""
    trial = FixedTrial({gene.name: gene.choices[0] for gene in space.genes})
    space.suggest(trial)
    return trial.distributions

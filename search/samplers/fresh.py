"""New networks within the budget: what any sampler proposes, replaced where it may not be evaluated."""

import warnings
from collections.abc import Container, Iterator, Sequence
from functools import cached_property
from itertools import chain
from random import Random
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FixedTrial, FrozenTrial, TrialState

from search.samplers import SAMPLERS
from space import Architecture, SearchSpace
from space.objective import Price
from space.prices import Prices

PROPOSALS = 10
MUTANTS = 200


class Exhausted(RuntimeError):
    """No network of the space is both new and within the budget."""


class FreshSampler(BaseSampler):
    """Proposes only networks that are new and within the budget: `first` in their order, then those of a sampler.

    A proposal that is neither is drawn again, up to `PROPOSALS` times. Then a similar network takes its place: a
    mutant or, for proposals over the budget, a child of the proposal and the cheapest network. Each trial gets a
    sampler of its own, seeded by the study's seed and the trial's number, so that an interrupted search, when it is
    resumed, makes the proposals that it would have made.

    Args:
        sampler: a name in `SAMPLERS`.
        space: what is searched.
        price: of a network, before it is evaluated.
        limit: the budget: no network of a higher price is proposed; None for no budget.
        others: further prices, each with its limit.
        seed: the study's.
        first: architectures to propose before any other, where they are allowed.
        seen: keys of the networks proposed so far; the caller adds to it.
    """

    def __init__(
        self,
        sampler: str,
        space: SearchSpace,
        *,
        price: Price,
        limit: float | None,
        others: tuple[tuple[Price, float], ...] = (),
        seed: int,
        first: tuple[Architecture, ...],
        seen: Container[str],
    ) -> None:
        self._entry = SAMPLERS[sampler]
        self._space = space
        self._price = price
        self._limit = limit
        self._others = others
        self.prices = Prices(space, price, limit, others)
        self._seed = seed
        self._first = first
        self._seen = seen
        self.distributions = distributions_of(space)

    def allows(self, architecture: Architecture) -> bool:
        """Whether a network is new and within all limits."""
        return architecture.key not in self._seen and self.within_limits(architecture)

    def within_limits(self, architecture: Architecture) -> bool:
        if self._limit is not None and self._price(architecture) > self._limit:
            return False
        return all(price(architecture) <= limit for price, limit in self._others)

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return self.distributions

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Raises Exhausted: no network of the space is allowed."""
        sampler = self._sampler_of(trial)
        proposals = [*self._first]
        for _ in range(PROPOSALS):
            proposals.append(self._propose(sampler, study, trial))
            # Asked even while `first` is proposed: some samplers take note of each trial here.
            for proposal in proposals:
                if self.allows(proposal):
                    return self._space.spell(proposal)
            proposals = proposals[-1:]
        return self._space.spell(self._near(proposals[-1], Random(f"{self._seed}/{trial.number}")))

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self._sampler_of(trial).sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self, study: optuna.Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        self._sampler_of(trial).after_trial(study, trial, state, values)

    def _sampler_of(self, trial: FrozenTrial) -> BaseSampler:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return self._entry.make(Random(f"{self._seed}/{trial.number}").getrandbits(32), self.prices)

    def _propose(self, sampler: BaseSampler, study: optuna.Study, trial: FrozenTrial) -> Architecture:
        params = sampler.sample_relative(study, trial, self.distributions)
        for name, distribution in self.distributions.items():
            if name not in params:
                params[name] = sampler.sample_independent(study, trial, name, distribution)
        return self._space.architecture(params)

    def _near(self, proposal: Architecture, rng: Random) -> Architecture:
        """A network that is allowed, similar to `proposal` if possible; raises Exhausted where there is none."""
        for network in chain(self._relatives(proposal, rng), self.prices.affordable()):
            if self.allows(network):
                return network
        raise Exhausted

    def _relatives(self, proposal: Architecture, rng: Random) -> Iterator[Architecture]:
        """Mutants, and children of the cheapest network, less and less similar."""
        for draw in range(MUTANTS):
            yield self._space.mutate(proposal, rng, p=draw / MUTANTS)
            if self._cheapest:
                yield self._space.crossover(proposal, self._cheapest, rng, share=draw / MUTANTS)

    @cached_property
    def _cheapest(self) -> Architecture | None:
        """Of those within all limits that are looked at."""
        within = (n for n in self.prices.affordable() if all(price(n) <= limit for price, limit in self._others))
        return next(within, None)


def distributions_of(space: SearchSpace) -> dict[str, BaseDistribution]:
    """Optuna's distribution of every gene that has a choice."""
    trial = FixedTrial(space.first_choices)
    space.suggest(trial)
    return trial.distributions

"""Several searches: their fronts, hypervolumes against one reference point, and whether chance explains the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import ceil, floor, log10
from pathlib import Path
from statistics import median

import numpy as np

from results.compare.groups import group_names, notes_on, refuse_others, refuse_twice
from results.progress import Progress, progress_of
from results.run_config import Reference, RunConfig, read_config
from results.run_record import LACKING, check_files, reading
from results.significance import holm, mann_whitney
from results.tables import completed, deciding_accuracy, front_of, is_smoothed, read_trials
from space import InputError

FILES = "config.json", "trials.csv"
BUDGETS, DIGITS = 3, 3


@dataclass(frozen=True, kw_only=True)
class Searched:
    """One search.

    Args:
        run: its folder.
        config: its settings.
        trials: complete ones.
        seconds: of all trainings, added up over workers.
        cost, accuracy: of the networks of its front, by rising cost, at the accuracies that decide.
        is_expected: whether these are expected ones.
        progress: its hypervolume against trials, against the common reference point.
    """

    run: str
    config: RunConfig
    trials: int
    seconds: float
    cost: tuple[float, ...]
    accuracy: tuple[float, ...]
    is_expected: bool
    progress: Progress

    @property
    def hypervolume(self) -> float:
        return self.progress.hypervolume[-1]

    def best_within(self, budget: float) -> float:
        """The accuracy of the best network that costs at most so much."""
        return max(accuracy for cost, accuracy in zip(self.cost, self.accuracy) if cost <= budget)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Two groups of searches.

    Args:
        first, second: their names.
        seeds: how many searches each has.
        ahead: by how much the median hypervolume of the first is higher.
        p: of Mann and Whitney's test, after Holm's correction over all pairs.
    """

    first: str
    second: str
    seeds: tuple[int, int]
    ahead: float
    p: float


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Several searches.

    Args:
        groups: by name, the searches that differ in nothing but the seed.
        reference: of all hypervolumes: accuracy of chance, cost of the most expensive network that any search allowed.
        budgets: costs within which each search has a network.
        differences: between any two groups with several seeds each.
        notes: what else to know.
    """

    groups: Mapping[str, tuple[Searched, ...]]
    reference: Reference
    budgets: tuple[float, ...]
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]

    @property
    def config(self) -> RunConfig:
        """Of the first search: data, cost and metric are those of all."""
        return next(iter(self.groups.values()))[0].config

    @property
    def title(self) -> str:
        """How many searches, and how many seeds where these are more."""
        searches, seeds = len(self.groups), sum(map(len, self.groups.values()))
        more = "" if seeds == searches else f" with {seeds} seeds"
        return f"{'1 search' if searches == 1 else f'{searches} searches'}{more} on {self.config.dataset}"

    @property
    def drawn(self) -> Mapping[str, tuple[Searched, ...]]:
        """What has a colour and a name of its own: a group or, where there is but one, each of its seeds."""
        if len(self.groups) > 1:
            return self.groups
        return {f"seed {one.config.seed}": (one,) for searches in self.groups.values() for one in searches}

    @property
    def accuracy_title(self) -> str:
        expected = all(one.is_expected for searches in self.groups.values() for one in searches)
        return f"{'expected ' if expected else ''}validation {self.config.measure.title}"


def compare(folders: Sequence[Path]) -> Comparison:
    """Read the runs in the folders and compare them.

    Raises:
        InputError: there are fewer than two, one is no run or has no complete trial, or they cannot be compared.
    """
    if len(folders) < 2:
        raise InputError(f"a comparison takes two runs or more; there is only {folders[0]}")
    configs = {}
    for folder in folders:
        with reading(folder):
            check_files(folder, FILES)
            configs[str(folder)] = read_config(folder)
    refuse_others(configs)
    refuse_twice(folders, configs)
    reference = Reference(
        accuracy=max(config.reference.accuracy for config in configs.values()),
        cost=max(config.reference.cost for config in configs.values()),
    )
    groups: dict[str, list[Searched]] = {}
    for (folder, config), name in zip(configs.items(), group_names(configs)):
        groups.setdefault(name, []).append(searched(Path(folder), replace(config, reference=reference)))
    every = [one for searches in groups.values() for one in searches]
    return Comparison(
        groups={name: tuple(sorted(searches, key=lambda one: one.config.seed)) for name, searches in groups.items()},
        reference=reference,
        budgets=budgets_of(every),
        differences=differences_of(groups),
        notes=notes_on(
            configs,
            trials={one.run: one.trials for one in every},
            expected={one.run: one.is_expected for one in every},
        ),
    )


def searched(folder: Path, config: RunConfig) -> Searched:
    """Of the run in a folder, against the reference point in `config`. Raises InputError where no trial is complete."""
    with reading(folder):
        trials = read_trials(folder)
        complete = completed(trials)
        if complete.empty:
            raise InputError(LACKING["pareto.json"].format(folder))
        front = front_of(complete, config.cost, config.measure)
        return Searched(
            run=str(folder),
            config=config,
            trials=len(complete),
            seconds=float(np.nansum(trials["seconds"].to_numpy(float))),
            cost=tuple(front[config.objective].astype(float)),
            accuracy=tuple(deciding_accuracy(front, config.measure).tolist()),
            is_expected=is_smoothed(complete, config.measure),
            progress=progress_of(complete, config),
        )


def budgets_of(searches: Sequence[Searched]) -> tuple[float, ...]:
    """`BUDGETS` costs, even in their logarithm, from the least within which each search has a network.

    The last is where the first of the fronts ends; there is but one where a front ends before another begins.
    """
    low, high = max(one.cost[0] for one in searches), min(one.cost[-1] for one in searches)
    costs = np.geomspace(low, max(low, high), BUDGETS).tolist()
    return tuple(dict.fromkeys(max(low, rounded_up(cost)) for cost in costs))


def rounded_up(cost: float) -> float:
    """The next number of three digits; what floating point alone adds is not rounded up."""
    step = 10.0 ** (floor(log10(cost)) - DIGITS + 1)
    return float(f"{ceil(cost / step - 1e-9) * step:.9g}")


def differences_of(groups: Mapping[str, Sequence[Searched]]) -> tuple[Difference, ...]:
    """Of each pair of groups with several searches each."""
    volumes = {name: [one.hypervolume for one in searches] for name, searches in groups.items() if len(searches) > 1}
    pairs = list(combinations(volumes, 2))
    corrected = holm([mann_whitney(volumes[first], volumes[second]) for first, second in pairs])
    return tuple(
        Difference(
            first=first,
            second=second,
            seeds=(len(volumes[first]), len(volumes[second])),
            ahead=median(volumes[first]) - median(volumes[second]),
            p=float(p),
        )
        for (first, second), p in zip(pairs, corrected)
    )

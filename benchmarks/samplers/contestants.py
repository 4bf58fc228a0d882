"""Who takes part in `benchmarks.samplers.contest`: each is a search that goes on until it is stopped."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from time import perf_counter
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.distributions import CategoricalDistribution
from optuna.samplers import BaseSampler
from optuna.trial import TrialState

from benchmarks.samplers.surrogate import Surrogate
from benchmarks.samplers.table import genes_of
from mobinet import cost
from search.samplers.fresh import FreshSampler, distributions_of
from search.study.halving import Halving, rungs_of
from space import Architecture, SearchSpace
from space.gene import Choice
from space.prices import Prices

POPULATION = 50

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One training of a search.

    Args:
        network: which.
        accuracy: what it reached when it ended.
        epochs: what it was trained for.
        completed: whether these are all, so that it may be exported.
    """

    network: Architecture
    accuracy: float
    epochs: int
    completed: bool


class Task:
    """What a search is given: a space, the OPs of its networks, and what a training of one reaches.

    Args:
        space: what is searched.
        surrogate: takes the place of the trainings.
        num_classes: of the networks.
        seed: the search's, and of its trainings.
    """

    def __init__(self, space: SearchSpace, surrogate: Surrogate, num_classes: int, seed: int) -> None:
        self.space = space
        self.seed = seed
        self.baselines = space.baselines()
        self.epochs = surrogate.epochs
        self.training_seconds = 0.0
        self.prices = Prices(space, self.ops, None)
        self._surrogate = surrogate
        self._num_classes = num_classes
        self._ops: dict[str, float] = {}

    def ops(self, network: Architecture) -> float:
        if network.key not in self._ops:
            self._ops[network.key] = cost(network, self._num_classes).ops
        return self._ops[network.key]

    def train(self, network: Architecture) -> Array:
        """The accuracy after each epoch, (epochs,)."""
        began = perf_counter()
        curve = self._surrogate.train(network, self.seed)
        self.training_seconds += perf_counter() - began
        return curve

    def train_fully(self, network: Architecture) -> Trial:
        return Trial(network=network, accuracy=float(self.train(network)[-1]), epochs=self.epochs, completed=True)


Contestant = Callable[[Task], Iterator[Trial]]


def run_study(
    task: Task,
    sampler: BaseSampler,
    *,
    first: tuple[Architecture, ...] = (),
    train: Callable[[Architecture], Trial] | None = None,
) -> Iterator[Trial]:
    """A study in memory, `first` before what the sampler proposes; without `train` every training is whole."""
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)
    for network in first:
        study.enqueue_trial(genes_of(task.space, network))
    while True:
        asked = study.ask()
        trial = (train or task.train_fully)(task.space.suggest(asked))
        if trial.completed:
            study.tell(asked, (trial.accuracy, task.ops(trial.network)))
        else:
            study.tell(asked, state=TrialState.PRUNED)
        yield trial


def train_until_bars(task: Task) -> Callable[[Architecture], Trial]:
    """Trainings with the bars of `search.study.halving`."""
    rungs = rungs_of(task.epochs)
    halving = Halving(rungs)
    numbers = count()

    def train(network: Architecture) -> Trial:
        whole, ops, curve = task.train_fully(network), task.ops(network), task.train(network)
        for epochs, bar in halving.bars(ops).items():
            if curve[epochs - 1] < bar:
                return Trial(network=network, accuracy=float(curve[epochs - 1]), epochs=epochs, completed=False)
        halving.add(next(numbers), {epochs: curve[epochs - 1] for epochs in rungs}, whole.accuracy, ops)
        return whole

    return train


def optunas(make: Callable[[int], BaseSampler]) -> Contestant:
    """A sampler as Optuna's users run it, from a seed."""

    def search(task: Task) -> Iterator[Trial]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            sampler = make(task.seed)
        return run_study(task, sampler, first=task.baselines)

    return search


def ours(name: str, *, halving: bool = False) -> Contestant:
    """A sampler as `search.study.Study` runs it: no network comes twice."""

    def search(task: Task) -> Iterator[Trial]:
        seen: set[str] = set()
        sampler = FreshSampler(
            name, task.space, price=task.ops, limit=None, seed=task.seed, first=task.baselines, seen=seen
        )
        for trial in run_study(task, sampler, train=train_until_bars(task) if halving else None):
            seen.add(trial.network.key)
            yield trial

    return search


def syne_tune_space(space: SearchSpace) -> dict[str, Any]:
    """The genes that have a choice, as Syne Tune writes them."""
    from syne_tune.config_space import choice, randint

    return {
        name: choice(list(found.choices))
        if isinstance(found, CategoricalDistribution)
        else randint(found.low, found.high)
        for name, found in distributions_of(space).items()
    }


def objectives(accuracy: float, ops: float) -> dict[str, float]:
    """Both to be minimized."""
    return {"error": 1 - accuracy, "ops": ops}


def syne_tune_evolution(task: Task) -> Iterator[Trial]:
    """Regularized evolution by non-dominated sorting, its population as large as NSGA-II's of Optuna.

    Syne Tune's 100 would leave half of 200 trials to chance.
    """
    from syne_tune.optimizer.schedulers.ask_tell_scheduler import AskTellScheduler
    from syne_tune.optimizer.schedulers.multiobjective import MultiObjectiveRegularizedEvolution
    from syne_tune.optimizer.schedulers.single_fidelity_scheduler import SingleFidelityScheduler

    np.random.seed(task.seed)  # what its first population is drawn from
    genes = syne_tune_space(task.space)
    searcher = MultiObjectiveRegularizedEvolution(
        genes,
        points_to_evaluate=[genes_of(task.space, network) for network in task.baselines],
        population_size=POPULATION,
        random_seed=task.seed,
    )
    scheduler = AskTellScheduler(
        SingleFidelityScheduler(genes, ["error", "ops"], searcher=searcher, random_seed=task.seed)
    )
    while True:
        asked = scheduler.ask()
        trial = task.train_fully(task.space.architecture(plain(asked.config)))
        scheduler.tell(asked, objectives(trial.accuracy, task.ops(trial.network)))
        yield trial


def syne_tune_moasha(task: Task) -> Iterator[Trial]:
    """Asynchronous successive halving of random networks by non-dominated sorting, with its default settings.

    It takes no networks to begin with; they are reported to it as trained fully, which it would have stopped too.
    """
    from syne_tune.backend.trial_status import Trial as Started
    from syne_tune.optimizer.scheduler import SchedulerDecision
    from syne_tune.optimizer.schedulers.multiobjective.moasha import MOASHA

    np.random.seed(task.seed)  # what it draws from
    genes = syne_tune_space(task.space)
    scheduler = MOASHA(genes, ["error", "ops"], time_attr="epoch", max_t=task.epochs, random_seed=task.seed)
    first = [genes_of(task.space, network) for network in task.baselines]
    number = 0
    while True:
        config = first[number] if number < len(first) else scheduler.suggest().config
        started = Started(number, config, datetime.now())
        scheduler.on_trial_add(started)
        network = task.space.architecture(plain(config))
        for epoch, accuracy in enumerate(task.train(network), 1):
            result = {"epoch": epoch, **objectives(accuracy, task.ops(network))}
            decision = scheduler.on_trial_result(started, result)
            if decision == SchedulerDecision.STOP and number >= len(first):
                break
        yield Trial(network=network, accuracy=float(accuracy), epochs=epoch, completed=epoch == task.epochs)
        number += 1


def plain(config: dict[str, Any]) -> dict[str, Choice]:
    """The choices without NumPy's types."""
    return {name: choice if isinstance(choice, str) else int(choice) for name, choice in config.items()}


def _tpe(seed: int) -> BaseSampler:
    return optuna.samplers.TPESampler(seed=seed)


def _multivariate_tpe(seed: int) -> BaseSampler:
    return optuna.samplers.TPESampler(seed=seed, multivariate=True)


def _nsga2(seed: int) -> BaseSampler:
    return optuna.samplers.NSGAIISampler(seed=seed)


def _gp(seed: int) -> BaseSampler:
    return optuna.samplers.GPSampler(seed=seed)


def _random(seed: int) -> BaseSampler:
    return optuna.samplers.RandomSampler(seed=seed)


FRONT = "front"
NSGA2 = "Optuna NSGA-II"
TPES = ("Optuna TPE", "Optuna TPE, multivariate")
GP = "Optuna GP"
MOASHA = "Syne Tune MOASHA"

CONTESTANTS: dict[str, Contestant] = {
    FRONT: ours("front"),
    "front, halving": ours("front", halving=True),
    "evolution": ours("evolution"),
    "tpe": ours("tpe"),
    "Optuna random": optunas(_random),
    TPES[0]: optunas(_tpe),
    TPES[1]: optunas(_multivariate_tpe),
    NSGA2: optunas(_nsga2),
    GP: optunas(_gp),
    "Syne Tune evolution": syne_tune_evolution,
    MOASHA: syne_tune_moasha,
}
"""The first four are mobinas'."""

"""Syne Tune's multi-objective schedulers. Syne Tune is imported only when one of them runs."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import numpy as np
from optuna.distributions import CategoricalDistribution, IntDistribution

from benchmarks.samplers.contestants.problem import Problem, Trial
from benchmarks.samplers.learning_curves import free_choices
from search.samplers.fresh import distributions_of
from space import SearchSpace
from space.gene import Choice

METRICS = ["error", "ops"]
POPULATION = 50


def regularized_evolution(problem: Problem) -> Iterator[Trial]:
    """Regularized evolution by non-dominated sorting, with a population as large as NSGA-II's in Optuna.

    Syne Tune's default of 100 would make half of 200 trials random.
    """
    from syne_tune.optimizer.schedulers.ask_tell_scheduler import AskTellScheduler
    from syne_tune.optimizer.schedulers.multiobjective import MultiObjectiveRegularizedEvolution
    from syne_tune.optimizer.schedulers.single_fidelity_scheduler import SingleFidelityScheduler

    np.random.seed(problem.seed)  # its first population is drawn from the global generator
    genes = config_space(problem.space)
    searcher = MultiObjectiveRegularizedEvolution(
        genes,
        points_to_evaluate=[free_choices(problem.space, network) for network in problem.baselines],
        population_size=POPULATION,
        random_seed=problem.seed,
    )
    scheduler = AskTellScheduler(SingleFidelityScheduler(genes, METRICS, searcher=searcher, random_seed=problem.seed))
    while True:
        asked = scheduler.ask()
        trial = problem.train_fully(problem.space.architecture(plain(asked.config)))
        scheduler.tell(asked, objectives(trial.accuracy, problem.ops(trial.network)))
        yield trial


def moasha(problem: Problem) -> Iterator[Trial]:
    """Asynchronous successive halving of random networks by non-dominated sorting (MOASHA), with default settings.

    It accepts no first networks, so the hand-designed ones are reported to it, trained to the end even where it would
    have stopped them.
    """
    from syne_tune.backend.trial_status import Trial as Started
    from syne_tune.optimizer.scheduler import SchedulerDecision
    from syne_tune.optimizer.schedulers.multiobjective.moasha import MOASHA

    np.random.seed(problem.seed)  # it draws from the global generator
    genes = config_space(problem.space)
    scheduler = MOASHA(genes, METRICS, time_attr="epoch", max_t=problem.epochs, random_seed=problem.seed)
    first = [free_choices(problem.space, network) for network in problem.baselines]
    number = 0
    while True:
        config = first[number] if number < len(first) else scheduler.suggest().config
        started = Started(number, config, datetime.now())
        scheduler.on_trial_add(started)
        network = problem.space.architecture(plain(config))
        accuracy, epoch = 0.0, 0
        for epoch, accuracy in enumerate(problem.train(network), 1):
            result = {"epoch": epoch, **objectives(accuracy, problem.ops(network))}
            decision = scheduler.on_trial_result(started, result)
            if decision == SchedulerDecision.STOP and number >= len(first):
                break
        yield Trial(network=network, accuracy=float(accuracy), epochs=epoch, completed=epoch == problem.epochs)
        number += 1


def config_space(space: SearchSpace) -> dict[str, Any]:
    """The free genes, as Syne Tune writes them."""
    from syne_tune.config_space import choice, randint

    genes = {}
    for name, distribution in distributions_of(space).items():
        if isinstance(distribution, CategoricalDistribution):
            genes[name] = choice(list(distribution.choices))
        elif isinstance(distribution, IntDistribution):
            genes[name] = randint(distribution.low, distribution.high)
    return genes


def objectives(accuracy: float, ops: float) -> dict[str, float]:
    """Both are minimized."""
    return {"error": 1 - accuracy, "ops": ops}


def plain(config: dict[str, Any]) -> dict[str, Choice]:
    """The choices without NumPy's types."""
    return {name: choice if isinstance(choice, str) else int(choice) for name, choice in config.items()}

"""mobinas' samplers, as `search.study` runs them: no network comes twice."""

from collections.abc import Callable, Iterator
from itertools import count

from benchmarks.samplers.contestants.problem import Contestant, Problem, Trial
from benchmarks.samplers.contestants.with_optuna import run_study
from search.samplers.fresh import FreshSampler
from search.study.halving import Halving, rungs_of
from space import Architecture


def train_until_bars(problem: Problem) -> Callable[[Architecture], Trial]:
    """Trainings that stop at a rung below its bar, as with `--fidelity halving`."""
    rungs = rungs_of(problem.epochs)
    halving = Halving(rungs)
    numbers = count()

    def train(network: Architecture) -> Trial:
        whole, ops, curve = problem.train_fully(network), problem.ops(network), problem.train(network)
        for epochs, bar in halving.bars(ops).items():
            if curve[epochs - 1] < bar:
                return Trial(network=network, accuracy=float(curve[epochs - 1]), epochs=epochs, completed=False)
        halving.add(next(numbers), {epochs: curve[epochs - 1] for epochs in rungs}, whole.accuracy, ops)
        return whole

    return train


def mobinas(name: str, *, halving: bool = False) -> Contestant:
    """A search with the sampler called `name` in `search.samplers.SAMPLERS`."""

    def search(problem: Problem) -> Iterator[Trial]:
        seen: set[str] = set()
        sampler = FreshSampler(
            name,
            problem.space,
            price=problem.ops,
            limit=None,
            seed=problem.seed,
            first=problem.baselines,
            seen=seen,
        )
        for trial in run_study(problem, sampler, train=train_until_bars(problem) if halving else None):
            seen.add(trial.network.key)
            yield trial

    return search

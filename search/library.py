"""A search in one call, for scripts and notebooks: its parts go in as objects, and it comes back with its study."""

from contextlib import closing
from pathlib import Path

from search.backends.local import InProcess
from search.limits import Limits
from search.opened import MakeBackend, OnTrial, Search, ignore
from search.opening import open_search
from search.task import Evaluator
from space import SearchSpace
from space.objective import OBJECTIVES, Objective


def run_study(
    folder: str | Path,
    *,
    space: SearchSpace,
    evaluator: Evaluator,
    trials: int,
    cost: Objective = OBJECTIVES["ops"],
    limits: Limits = (),
    num_classes: int | None = None,
    sampler: str = "front",
    backend: MakeBackend = InProcess,
    on_trial: OnTrial = ignore,
    time_budget: float | None = None,
) -> Search:
    """Search, or resume the search in `folder`, until it has `trials` trials in total.

    It can be called again and again, and in any thread, as long as each search has a folder of its own.

    Args:
        folder: of the run; it gets the files that the command writes.
        space, evaluator, cost, limits, num_classes, sampler: see `open_search`.
        trials: in total.
        backend: what runs the evaluations, from the evaluator: by default one after the other, in this process.
        on_trial: called after each trial.
        time_budget: seconds after which no trial begins.

    Returns:
        The search, closed: its `study`, `table`, `front`, `best` and `figure` remain.

    Raises:
        InputError: the parts do not fit each other or the run in the folder, or the first trials all failed.
    """
    opened = open_search(
        Path(folder),
        space=space,
        evaluator=evaluator,
        cost=cost,
        limits=limits,
        num_classes=num_classes,
        sampler=sampler,
    )
    with closing(opened) as search:
        search.prepare()
        search.run(trials=trials, backend=backend, on_trial=on_trial, time_budget=time_budget)
    return search

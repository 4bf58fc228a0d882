"""The search itself: ask, evaluate, tell, until there are enough trials."""

import time
from collections.abc import Callable, Iterator
from itertools import islice, takewhile
from math import inf

from search.backends.backend import Backend
from search.interrupt import Interrupts
from search.samplers.fresh import Exhausted
from search.study.study import Study
from search.task import Evaluation, Failure, Task
from space import InputError

NOISE_PAIRS = 8
HOPELESS = 5


class Hopeless(RuntimeError):
    """The first trials all failed; the text is the last one's reason."""


def run_search(
    study: Study,
    backend: Backend,
    *,
    trials: int,
    on_trial: Callable[[Task, Evaluation | Failure], None],
    end: float = inf,
) -> bool:
    """Run until `study` has `trials` trials in total, or fewer where the space holds no more within the budget.

    Args:
        on_trial: called with each trial that ends and its outcome.
        end: when no trial begins any more, on the monotonic clock.

    Returns:
        Whether it ended by that, or would have right after.

    Raises:
        Hopeless: the study has no complete trial, and `HOPELESS` in a row failed.
    """
    failures = 0
    with Interrupts() as interrupts:
        for task, outcome in run_tasks(backend, _proposals(study, trials, end), interrupts):
            study.tell(task.number, outcome)
            on_trial(task, outcome)
            if isinstance(outcome, Failure) and not study.has_results():
                failures += 1
                if failures >= HOPELESS:
                    raise Hopeless(outcome.reason)
    return time.monotonic() >= end


def measure_noise(
    study: Study, backend: Backend, *, on_note: Callable[[str], None], most: int = NOISE_PAIRS, end: float = inf
) -> None:
    """Evaluate the networks of the first tenth of the trials, `most` at most, again under another seed.

    Args:
        on_note: called with a line of text that says what is done.
        end: when no training begins any more, on the monotonic clock.
    """
    tasks = study.replicates.missing(min(most, len(study) // 10))
    if tasks:
        them = "1 network" if len(tasks) == 1 else f"{len(tasks)} networks"
        on_note(f"training {them} again under another seed, to measure the noise")
    in_time = takewhile(lambda _: time.monotonic() < end, tasks)
    with Interrupts() as interrupts:
        for done, (task, outcome) in enumerate(run_tasks(backend, in_time, interrupts), 1):
            study.replicates.tell(task.number, outcome)
            on_note(f"{done} of {len(tasks)}: the network of trial {task.number}")


def _proposals(study: Study, trials: int, end: float) -> Iterator[Task]:
    """Trials that an earlier process left under way, then new ones. Each is asked for when it can begin, not before.

    None begins after `end`, on the monotonic clock.
    """
    for task in study.interrupted():
        if time.monotonic() >= end:
            return
        yield task
    try:
        while len(study) < trials and time.monotonic() < end:
            yield study.ask()
    except Exhausted:
        pass


def run_tasks(
    backend: Backend, tasks: Iterator[Task], interrupts: Interrupts
) -> Iterator[tuple[Task, Evaluation | Failure]]:
    """Keep the slots of the backend filled, and yield each task that ends, with its outcome.

    Raises InputError where this process can run no more of them; those under way are then not told.
    """
    under_way = 0
    while True:
        for task in islice(tasks, max(0, backend.slots - under_way)):
            backend.submit(task)
            under_way += 1
        if not under_way:
            return
        with interrupts.welcome():
            ended = backend.wait()
        yield ended
        under_way -= 1
        _, outcome = ended
        if backend.in_process and isinstance(outcome, Failure) and outcome.spoiled:
            raise InputError(
                f"no more trials can run in this process after an error of the GPU: {outcome.reason}; to go on with "
                "the next trial, run the same command again"
            )

"""Backends run evaluations. The local one runs them in this process, or in a few worker processes."""

import multiprocessing
import signal
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Protocol

from pebble import ProcessExpired, ProcessPool

from search.evaluator import Evaluation, Evaluator, Failure, Task
from search.interrupt import inherited_by_nobody
from search.machine import use_threads


class Backend(Protocol):
    """Runs up to `slots` tasks at a time."""

    slots: int

    def submit(self, task: Task) -> None:
        """Begin a task; no more than `slots` may be under way."""

    def wait(self) -> tuple[Task, Evaluation | Failure]:
        """The next task to end. Any exception in the evaluation is a Failure."""

    def close(self) -> None:
        """Stop what is under way."""


class InProcess:
    """Runs one task at a time, in this process."""

    slots = 1

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._task: Task

    def submit(self, task: Task) -> None:
        self._task = task

    def wait(self) -> tuple[Task, Evaluation | Failure]:
        try:
            return self._task, self._evaluator(self._task)
        except Exception as error:
            return self._task, _failure(error)

    def close(self) -> None:
        pass


class Workers:
    """Runs each task in one of a few processes, which share out the threads; a worker that dies fails its task only.

    Args:
        evaluator: sent once to every worker.
        workers: how many.
        threads: of each.
    """

    def __init__(self, evaluator: Evaluator, *, workers: int, threads: int) -> None:
        self.slots = workers
        self._pool = ProcessPool(
            max_workers=workers,
            initializer=_start_worker,
            initargs=(evaluator, threads),
            context=multiprocessing.get_context("spawn"),
        )
        with inherited_by_nobody():
            assert self._pool.active  # asking starts the workers
        self._under_way: dict[Future, Task] = {}

    def submit(self, task: Task) -> None:
        future = self._pool.schedule(_evaluate, args=(task,))
        self._under_way[future] = task

    def wait(self) -> tuple[Task, Evaluation | Failure]:
        done, _ = wait(self._under_way, return_when=FIRST_COMPLETED)
        future = min(done, key=lambda future: self._under_way[future].number)
        task = self._under_way.pop(future)
        try:
            return task, future.result()
        except Exception as error:
            return task, _failure(error)

    def close(self) -> None:
        self._pool.stop()
        self._pool.join()


def _failure(error: Exception) -> Failure:
    if isinstance(error, ProcessExpired):
        return Failure(reason=f"its worker process ended with exit code {error.exitcode}")
    return Failure(reason=f"{type(error).__name__}: {error}".splitlines()[0])


_evaluator: Evaluator


def _start_worker(evaluator: Evaluator, threads: int) -> None:
    """Ctrl-C is the driver's to handle."""
    global _evaluator
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    use_threads(threads)
    _evaluator = evaluator


def _evaluate(task: Task) -> Evaluation:
    return _evaluator(task)

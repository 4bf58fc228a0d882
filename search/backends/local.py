"""The local back end: evaluations run in this process, or in a few worker processes."""

import argparse
import atexit
import math
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Sequence
from itertools import cycle, islice
from multiprocessing.connection import Connection, wait

from search import machine
from search.backends.backend import Backend, BackendEntry, evaluate
from search.backends.shares import gpus_of, shares
from search.flags import Flag, natural_int
from search.interrupt import inherited_by_nobody
from search.task import Evaluation, Evaluator, Failure, Task
from space import InputError
from space.image_sizes import Shape
from space.own_file import OwnFile, own_files


class InProcess:
    """Runs one task at a time, in this process."""

    slots = 1
    in_process = True

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._task: Task

    def submit(self, task: Task) -> None:
        self._task = task

    def wait(self) -> tuple[Task, Evaluation | Failure]:
        return self._task, evaluate(self._evaluator, self._task)

    def close(self) -> None:
        pass


class Workers:
    """Runs each task in one of a few processes, which share out the threads; a worker that dies fails its task only.

    Workers share nothing, so that one that is killed holds no lock that another waits for.

    Args:
        evaluator: sent once to every worker.
        workers: how many.
        threads: of each.
        time_limit: seconds after which a task fails and its worker is replaced.
        gpus: the devices that the workers have in turn, each one; empty where they use the CPU.
    """

    in_process = False

    def __init__(
        self,
        evaluator: Evaluator,
        *,
        workers: int,
        threads: int,
        time_limit: float = math.inf,
        gpus: Sequence[str] = (),
    ) -> None:
        self.slots = workers
        self._idle = [_Worker(evaluator, threads, time_limit, gpu) for gpu in islice(cycle(gpus or ("",)), workers)]
        self._busy: list[_Worker] = []
        atexit.register(self.close)

    def submit(self, task: Task) -> None:
        worker = self._idle.pop()
        while not worker.begin(task):
            worker = worker.replaced()
        self._busy.append(worker)

    def wait(self) -> tuple[Task, Evaluation | Failure]:
        while True:
            for worker in sorted(self._busy, key=lambda worker: worker.task.number):
                if outcome := worker.outcome():
                    self._busy.remove(worker)
                    spoiled = isinstance(outcome, Failure) and outcome.spoiled
                    fit = worker.process.is_alive() and not spoiled
                    self._idle.append(worker if fit else worker.replaced())
                    return worker.task, outcome
            news = [source for worker in self._busy for source in (worker.pipe, worker.process.sentinel)]
            due = min(worker.due for worker in self._busy)
            wait(news, None if due == math.inf else max(0.0, due - time.monotonic()))

    def close(self) -> None:
        atexit.unregister(self.close)
        for worker in (*self._idle, *self._busy):
            worker.stop()
        self._idle, self._busy = [], []


class _Worker:
    """A process that evaluates one task at a time; it is heard again when it begins one and when it has ended it.

    Its public attributes are `process`, `pipe`, the `task` it was given last, and when that is `due`.
    """

    def __init__(self, evaluator: Evaluator, threads: int, time_limit: float, gpu: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._settings = evaluator, threads, time_limit, gpu
        self._time_limit, self._heard = time_limit, False
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, own_files(), evaluator, threads, gpu))
        with inherited_by_nobody():
            self.process.start()
        theirs.close()

    def begin(self, task: Task) -> bool:
        """Hand it a task; whether it is there to take one."""
        self.task, self.due = task, math.inf
        try:
            self.pipe.send(task)
        except OSError:
            return False
        return True

    def outcome(self) -> Evaluation | Failure | None:
        """What became of its task, if that is known by now. A worker that died or is late is over."""
        try:
            while self.pipe.poll():
                if outcome := self.pipe.recv():
                    return outcome
                self.due, self._heard = time.monotonic() + self._time_limit, True
        except (EOFError, OSError):
            self.process.join()
        if not self.process.is_alive():
            self.stop()
            if not self._heard and self.process.exitcode == 1:
                raise InputError(
                    "a worker process cannot start; its own message is above. A script that starts a search needs "
                    'if __name__ == "__main__":'
                )
            return Failure(reason=_last_words(self.process.exitcode))
        if time.monotonic() >= self.due:
            self.stop()
            return Failure(reason=f"it took longer than --time-limit {self._time_limit:g} seconds")
        return None

    def replaced(self) -> "_Worker":
        """One like it that has just begun."""
        self.stop()
        return _Worker(*self._settings)

    def stop(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


def _last_words(exitcode: int | None) -> str:
    if exitcode == -signal.SIGKILL:
        return "its worker process was killed, as the system does when memory runs out"
    return f"its worker process ended with exit code {exitcode}"


def _work(pipe: Connection, own: tuple[OwnFile, ...], evaluator: Evaluator, threads: int, gpu: str) -> None:
    """Evaluate what comes through the pipe until it closes. Signals are the driver's to handle; its end is ours.

    The user's `own` files were run as they came.
    """
    threading.Thread(target=_end_with_parent, daemon=True).start()
    machine.use_threads(threads)
    if gpu:
        import torch

        torch.accelerator.set_device_index(torch.device(gpu).index)
    while True:
        try:
            task = pipe.recv()
            pipe.send(None)
            pipe.send(evaluate(evaluator, task))
        except (EOFError, OSError):
            return


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
    os._exit(1)


def _complaint(args: argparse.Namespace) -> str:
    if args.time_limit and args.workers == 0:
        return "--time-limit goes with --workers 1 or more: a trial in this process cannot be stopped"
    return ""


def _make(evaluator: Evaluator, args: argparse.Namespace, input_shape: Shape, device: str) -> Backend:
    workers, threads = shares(args, input_shape, device)
    gpus = gpus_of(device)
    threaded = device.startswith("cuda") and not args.time_limit and getattr(evaluator, "in_threads", True)
    if workers and not (threaded and workers > len(gpus)):
        limit = args.time_limit or math.inf
        gpus = gpus if len(gpus) > 1 else ()  # else the evaluator names it
        return Workers(evaluator, workers=workers, threads=threads, time_limit=limit, gpus=gpus)
    machine.use_threads(threads)
    if not workers:
        return InProcess(evaluator)
    from search.backends.streams import Streams  # which loads torch

    return Streams(evaluator, device=device, count=workers)


LOCAL = BackendEntry(
    summary="processes on this machine",
    flags=(
        Flag(
            name="--workers",
            hint="Ray runs as many as --cpus-per-trial leaves room for",
            settings={
                "type": natural_int,
                "help": "how many run side by side; 0: one, in this process (default: one a core, or one on each GPU)",
            },
        ),
    ),
    complaint=_complaint,
    make=_make,
    shares=shares,
)

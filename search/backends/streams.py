"""Trials side by side on one GPU or a few: threads of this process, each with a stream and a recorded step of its own.

The kernels of a small network leave most of a GPU idle, and those of several streams run at once; processes would take
turns.
"""

from queue import SimpleQueue
from threading import Event, Thread

import torch

from search.backends.backend import evaluate
from search.backends.shares import gpus_of
from search.stopping import until
from search.task import Evaluation, Evaluator, Failure, Task


class Streams:
    """Runs each task in one of a few threads.

    Args:
        evaluator: called by all threads; it computes on `device`.
        device: a GPU, or ``cuda`` for all there are, which the threads have in turn.
        count: of threads.
    """

    in_process = True

    def __init__(self, evaluator: Evaluator, *, device: str, count: int) -> None:
        self.slots = count
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._ended: SimpleQueue[tuple[Task, Evaluation | Failure]] = SimpleQueue()
        self._closed = Event()
        gpus = [torch.device(gpu) for gpu in gpus_of(device)]
        self._threads = [
            Thread(target=self._work, args=(evaluator, gpus[index % len(gpus)]), daemon=True) for index in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, task: Task) -> None:
        self._tasks.put(task)

    def wait(self) -> tuple[Task, Evaluation | Failure]:
        return self._ended.get()

    def close(self) -> None:
        """Stop the threads, each after the step it is at: one that still computes on CUDA would crash Python's end."""
        self._closed.set()
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self, evaluator: Evaluator, device: torch.device) -> None:
        with torch.cuda.device(device), torch.cuda.stream(torch.cuda.Stream()), until(self._closed):
            while (task := self._tasks.get()) is not None:
                self._ended.put((task, evaluate(evaluator, task)))

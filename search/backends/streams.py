"""Trials side by side on one GPU: threads of this process, each with a stream and a recorded step of its own.

The kernels of a small network leave most of a GPU idle, and those of several streams run at once; processes would take
turns.
"""

from queue import SimpleQueue
from threading import Thread

import torch

from search.backends.backend import evaluate
from search.task import Evaluation, Evaluator, Failure, Task


class Streams:
    """Runs each task in one of a few threads.

    Args:
        evaluator: called by all threads; it computes on `device`.
        device: a GPU.
        count: of threads.
    """

    in_process = True

    def __init__(self, evaluator: Evaluator, *, device: str, count: int) -> None:
        self.slots = count
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._ended: SimpleQueue[tuple[Task, Evaluation | Failure]] = SimpleQueue()
        for _ in range(count):
            Thread(target=self._work, args=(evaluator, torch.device(device)), daemon=True).start()

    def submit(self, task: Task) -> None:
        self._tasks.put(task)

    def wait(self) -> tuple[Task, Evaluation | Failure]:
        return self._ended.get()

    def close(self) -> None:
        for _ in range(self.slots):
            self._tasks.put(None)

    def _work(self, evaluator: Evaluator, device: torch.device) -> None:
        with torch.cuda.device(device), torch.cuda.stream(torch.cuda.Stream()):
            while (task := self._tasks.get()) is not None:
                self._ended.put((task, evaluate(evaluator, task)))

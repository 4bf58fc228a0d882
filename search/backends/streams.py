"""Trials side by side on one GPU or a few: threads of this process, each with a stream and a recorded step of its own.

The kernels of a small network leave most of a GPU idle, and those of several streams run at once; processes would take
turns.
"""

import time
from itertools import cycle, islice
from queue import SimpleQueue
from threading import Event, Thread

import torch

from search.backends.backend import evaluate
from search.backends.failures import failure_of
from search.backends.shares import gpus_of
from search.stopping import Stopped, until
from search.task import Evaluation, Evaluator, Failure, Task
from space import InputError
from space.errors import first_line

PATIENCE = 30.0
"""Seconds for the threads to end, each after its step."""


class Streams:
    """Runs each task in one of a few threads.

    Args:
        evaluator: called by all threads; it computes on `device`.
        device: a GPU, or ``cuda`` for all there are, which the threads have in turn.
        count: of threads.
        patience: seconds that `close` waits for them.

    Raises:
        InputError: a GPU has no memory left for a stream.
    """

    in_process = True

    def __init__(self, evaluator: Evaluator, *, device: str, count: int, patience: float = PATIENCE) -> None:
        self.slots = count
        self._patience = patience
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._ended: SimpleQueue[tuple[Task, Evaluation | Failure]] = SimpleQueue()
        self._closed = Event()
        streams = [_stream_on(gpu) for gpu in islice(cycle(gpus_of(device)), count)]  # here, where an error is seen
        self._threads = [Thread(target=self._work, args=(evaluator, stream), daemon=True) for stream in streams]
        for thread in self._threads:
            thread.start()

    def submit(self, task: Task) -> None:
        self._tasks.put(task)

    def wait(self) -> tuple[Task, Evaluation | Failure]:
        return self._ended.get()

    def close(self) -> None:
        """Stop the threads, each after the step it is at: one that still computes on CUDA would crash Python's end.

        One that hangs is left behind after a while: that end may be untidy, but it comes.
        """
        self._closed.set()
        for _ in self._threads:
            self._tasks.put(None)
        end = time.monotonic() + self._patience
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _work(self, evaluator: Evaluator, stream: torch.cuda.Stream) -> None:
        with torch.cuda.stream(stream), until(self._closed):  # on the stream's GPU
            while (task := self._tasks.get()) is not None:
                self._ended.put((task, _outcome(evaluator, task)))


def _stream_on(gpu: str) -> torch.cuda.Stream:
    try:
        return torch.cuda.Stream(gpu)
    except RuntimeError as error:
        raise InputError(f"{gpu} cannot be used for trials side by side: {first_line(error)}") from None


def _outcome(evaluator: Evaluator, task: Task) -> Evaluation | Failure:
    """A thread that ends by any other exception would leave `wait` waiting for ever, so `sys.exit` is a Failure too."""
    try:
        return evaluate(evaluator, task)
    except Stopped:
        raise
    except BaseException as error:
        return failure_of(error)

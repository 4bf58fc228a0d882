"""What a back end does, and what a command has to know of one."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from search.backends.failures import OF_SEARCH, failure_of
from search.flags import Flag
from search.task import Evaluation, Evaluator, Failure, Task
from space.image_sizes import Shape


class Backend(Protocol):
    """Runs up to `slots` tasks at a time; `in_process` where it runs them in this process."""

    slots: int
    in_process: bool

    def submit(self, task: Task) -> None:
        """Begin a task; no more than `slots` may be under way."""

    def wait(self) -> tuple[Task, Evaluation | Failure]:
        """The next task to end. Any exception in the evaluation is a Failure."""
        ...

    def close(self) -> None:
        """Stop what is under way."""


@dataclass(frozen=True, kw_only=True)
class BackendEntry:
    """What a command has to know of a back end.

    Args:
        summary: what it does, in half a line.
        flags: that go with it alone.
        complaint: what is wrong with the flags of a command that chose it; empty if nothing is.
        require: raises InputError where this machine lacks what it needs.
        make: the back end, from an evaluator, the flags, the images' shape (C, H, W), and the device it computes on.
        elsewhere: whether evaluations may run on other machines, in other folders.
        shares: how many trials run side by side and the threads of each, from the flags, the images' shape and the
            device; None where only the evaluations' machines know.
    """

    summary: str
    flags: tuple[Flag, ...]
    complaint: Callable[[argparse.Namespace], str]
    make: Callable[[Evaluator, argparse.Namespace, Shape, str], Backend]
    require: Callable[[argparse.Namespace], None] = lambda args: None
    elsewhere: bool = False
    shares: Callable[[argparse.Namespace, Shape, str], tuple[int, int]] | None = None


def evaluate(evaluator: Evaluator, task: Task) -> Evaluation | Failure:
    """The evaluation; any exception is a Failure, and so is anything that is none."""
    try:
        found = evaluator(task)
        if not isinstance(found, Evaluation):
            raise TypeError(f"an evaluator gives a search.task.Evaluation, not {type(found).__name__}")
        if not isinstance(found.accuracy, float) or not 0 <= found.accuracy <= 1:
            raise ValueError(f"an accuracy is a float from 0 to 1, not {found.accuracy!r}")
        return found
    except Exception as error:
        return failure_of(error, getattr(evaluator, "memory_advice", OF_SEARCH))

"""What every back end does: run evaluations, several at a time."""

from typing import Protocol

from search.task import Evaluation, Evaluator, Failure, Task
from space.errors import first_line


class Backend(Protocol):
    """Runs up to `slots` tasks at a time."""

    slots: int

    def submit(self, task: Task) -> None:
        """Begin a task; no more than `slots` may be under way."""

    def wait(self) -> tuple[Task, Evaluation | Failure]:
        """The next task to end. Any exception in the evaluation is a Failure."""

    def close(self) -> None:
        """Stop what is under way."""


def evaluate(evaluator: Evaluator, task: Task) -> Evaluation | Failure:
    """What the evaluator finds; any exception is a Failure."""
    try:
        return evaluator(task)
    except Exception as error:
        return _failure(error)


def _failure(error: Exception) -> Failure:
    name = type(error).__name__
    return Failure(reason=f"{name}: {first_line(error)}" if str(error) else name)

"""An evaluator that takes no time."""

from search.task import Evaluation, Task


def instant(task: Task) -> Evaluation:
    """An accuracy computed from the network's key."""
    return Evaluation(accuracy=int(task.architecture.key, 16) % 9973 / 1e4, epochs=1, seconds=0.0)

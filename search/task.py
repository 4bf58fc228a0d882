"""What a search asks an evaluator, and what it answers."""

from dataclasses import dataclass, field
from typing import Protocol

from space import Architecture


@dataclass(frozen=True, kw_only=True)
class Task:
    """One evaluation to run: of a trial, or of its network once more under another seed.

    Args:
        number: the trial's.
        architecture: its network.
        replicate: another one is another seed.
        bars: by number of epochs, the accuracy below which a training is stopped there.
    """

    number: int
    architecture: Architecture
    replicate: int = 0
    bars: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What an evaluator found.

    Args:
        accuracy: on validation images, 0 to 1, by the measure that the search maximises: the share classified right,
            unless ``--metric`` names another one.
        epochs: how long it trained.
        seconds: how long it took.
        scores: by all measures, see `results.measures.Counts.scores`.
        rungs: by number of epochs, the accuracy there.
        stopped: it was below a bar, and `accuracy` is what it had reached by then.
        device: that it ran on, and the type of the activations there, such as ``cuda:1 bfloat16``; empty where the
            evaluator does not say.
    """

    accuracy: float
    epochs: int
    seconds: float
    scores: dict[str, float] = field(default_factory=dict)
    rungs: dict[int, float] = field(default_factory=dict)
    stopped: bool = False
    device: str = ""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a task has no evaluation.

    Args:
        reason: in half a line.
        spoiled: whether the process that it ran in can compute nothing more, as after some errors of a GPU.
    """

    reason: str
    spoiled: bool = False


class Evaluator(Protocol):
    """Can be pickled, and called in any process, in any order, with the same result.

    One with an attribute `in_threads` that is False is called in one thread of a process only. An attribute
    `memory_advice` says what to do where memory runs out. One without an entry in `search.evaluators.EVALUATORS` may
    have an attribute `noisy`: whether another replicate has another accuracy.
    """

    def __call__(self, task: Task) -> Evaluation:
        """Evaluate. Any exception fails the trial with its text as the reason."""
        ...

"""What a retraining tells programs: one JSON object a line, with `--json`."""

from dataclasses import asdict
from typing import Any, TextIO

from search.messages.listeners import write_event
from search.messages.retrained_text import next_commands
from search.retraining.retraining import Retraining
from search.task import Evaluation, Failure


class RetrainingEvents:
    """Writes each event as a line with its kind, `event`.

    Of one training: ``begin``, an ``epoch`` each, ``end``. Of several: ``begin``, a ``training`` each.

    Args:
        stream: where to; None for nowhere.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def begin(self, *each: Retraining) -> None:
        """Which networks are trained with which seeds, on what, where and how."""
        first = each[0]
        how = {"dataset": first.dataset, "device": first.device, "recipe": asdict(first.recipe)}
        write_event(self._stream, "begin", {"trainings": [_which(one) for one in each], **how})

    def epoch(self, row: dict[str, float]) -> None:
        """A row of ``metrics.csv``."""
        write_event(self._stream, "epoch", row)

    def training(self, one: Retraining, outcome: Evaluation | Failure) -> None:
        """One of several has ended."""
        if isinstance(outcome, Failure):
            told: dict[str, Any] = {"state": "failed", "reason": outcome.reason}
        else:
            told = {"state": "complete", **outcome.scores, "epochs": outcome.epochs, "seconds": outcome.seconds}
        write_event(self._stream, "training", {**_which(one), **told})

    def end(self, one: Retraining, summary: dict[str, Any]) -> None:
        """One training has ended: ``summary.json``, and what can be done with the network."""
        ended = {"folder": str(one.folder), "summary": summary, "next": next_commands(summary, one.folder)}
        write_event(self._stream, "end", ended)


def _which(one: Retraining) -> dict[str, Any]:
    return {"key": one.architecture.key, "seed": one.seed, "folder": str(one.folder)}

"""What a search tells programs: one JSON object a line, with `--json`."""

from typing import TextIO

from results.entry import Entry
from results.front import Front
from search.assemble import Assembled
from search.messages.conclusion import next_command
from search.messages.listeners import write_event
from search.session import Search
from search.task import Evaluation, Failure, Task


class Events:
    """Writes each event as a line with its kind, `event`: ``begin``, a ``trial`` each, ``end``.

    Args:
        stream: where to; None for nowhere.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def begin(self, assembled: Assembled, trials: int) -> None:
        """What is searched, on what, and how long one trial is expected to take, in seconds, where that is known."""
        search, config = assembled.search, assembled.search.config
        seconds = assembled.pace.trial(config.train_images) if assembled.pace else None
        ended = {"trials": trials, "ended": search.study.ended, "seconds_per_trial": seconds}
        write_event(self._stream, "begin", {"folder": str(search.folder), **ended, "config": config.to_dict()})

    def trial(self, search: Search, task: Task, outcome: Evaluation | Failure) -> None:
        """A trial that has just ended: complete, stopped or failed."""
        network = task.architecture
        what = {"number": task.number, "key": network.key, search.objective.name: search.price(network)}
        if isinstance(outcome, Failure):
            told = {"state": "failed", "reason": outcome.reason}
        else:
            state = "stopped" if outcome.stopped else "complete"
            measured = {search.config.measure.column: outcome.accuracy}
            told = {"state": state, **measured, "epochs": outcome.epochs, "seconds": outcome.seconds}
        write_event(self._stream, "trial", {**what, **told, "architecture": network.to_dict()})

    def end(self, search: Search, front: Front, best: Entry, *, skip_broken: bool) -> None:
        """The front and the chosen network, as pareto.json and best.json hold them, and the next command."""
        found = {"pareto": front.to_dict(search.objective.name), "best": best.to_dict()}
        ended = {"folder": str(search.folder), "trials": search.study.ended}
        write_event(self._stream, "end", {**ended, **found, "next": next_command(search, skip_broken=skip_broken)})

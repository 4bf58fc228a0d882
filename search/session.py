"""A search with all its parts. What the command and `search.run_study` are made around."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from results.entry import Entry
from results.front import Front
from results.run_config import RunConfig
from results.shares import Parts
from results.tables import front_and_best
from search.backends import Backend
from search.data.dataset import load_dataset
from search.evaluators.on_images import OnImages
from search.loop import Hopeless, measure_noise, run_search
from search.outputs import Outputs
from search.study.study import Study
from search.task import Evaluation, Evaluator, Failure, Task
from space import InputError
from space.objective import Objective, Price

if TYPE_CHECKING:
    import plotly.graph_objects as go

OnTrial = Callable[["Search", Task, Evaluation | Failure], None]
"""Called with the search, and with each trial that ends and its outcome."""
MakeBackend = Callable[[Evaluator], Backend]


def ignore(*_: object) -> None:
    """What is called where nobody listens."""


@dataclass(frozen=True, kw_only=True)
class Search:
    """A search and all its parts, but for what runs its evaluations. No other process can use its folder until `close`.

    Args:
        folder: the run's.
        study: its record.
        evaluator: gives a network its accuracy.
        enqueued: networks that were given to be trained first, and are within all limits.
        noisy: whether another seed gives a network another accuracy.
        objective: what is minimised.
        price: its number, for a network.
        cheapest: the lowest price in the space.
        config: the settings.
        parts: counts the parts of a network.
    """

    folder: Path
    study: Study
    evaluator: Evaluator
    enqueued: int
    noisy: bool
    objective: Objective
    price: Price
    cheapest: float
    config: RunConfig
    parts: Parts

    def prepare(self) -> None:
        """What the evaluator has to do once, before the first trial."""
        if isinstance(self.evaluator, OnImages):
            self.evaluator.prepare()

    def run(
        self,
        *,
        trials: int,
        backend: MakeBackend,
        on_trial: OnTrial = ignore,
        on_note: Callable[[str], None] = ignore,
        time_budget: float | None = None,
        published: bool = False,
    ) -> bool:
        """Run the trials of a search that is prepared, and write the tables and the report, however it ends.

        Args:
            trials, backend, on_trial, time_budget: see `run_study`; the budget is for measuring the noise as well.
            on_note: called with lines that say what is done after the trials.
            published: whether the report shows networks of the literature as well.

        Returns:
            Whether it ended by its time budget.
        """
        runs = backend(self.evaluator)
        if not runs.in_process:
            load_dataset.cache_clear()  # workers load the images for themselves
        outputs = Outputs(self.folder, self.study, self.config, noisy=self.noisy, published=published, parts=self.parts)

        def on_end(task: Task, outcome: Evaluation | Failure) -> None:
            on_trial(self, task, outcome)
            outputs.refresh()

        end = inf if time_budget is None else time.monotonic() + time_budget
        try:
            late = run_search(self.study, runs, trials=trials, on_trial=on_end, end=end)
            if self.noisy and not late:
                measure_noise(self.study, runs, on_note=on_note, end=end)
            return late
        except Hopeless as error:
            raise InputError(f"the first trials all failed, the last one with: {error}") from None
        finally:
            runs.close()
            outputs.write()

    def table(self) -> pd.DataFrame:
        """One row a trial: `results.tables.COLUMNS`, then one column a gene."""
        return self.study.table(smoothed=self.noisy)

    def front(self) -> Front | None:
        """The networks that no other beats in both accuracy and cost; None before a trial is complete."""
        found = self.found(self.table())
        return found[0] if found else None

    def best(self) -> Entry | None:
        """The network to take, that of ``best.json``; None before a trial is complete."""
        found = self.found(self.table())
        return found[1] if found else None

    def found(self, trials: pd.DataFrame) -> tuple[Front, Entry] | None:
        """Both of them, from what `table` gave."""
        return front_and_best(trials, self.config, self.study.replicates.noise())

    def figure(self) -> "go.Figure":
        """Accuracy over cost, as in the report."""
        from results.plot import pareto_figure
        from results.points import pareto_info

        trials, noise = self.table(), self.study.replicates.noise()
        found = self.found(trials)
        key = found[1].key if found else ""
        return pareto_figure(pareto_info(trials, config=self.config, best_key=key, noise=noise))

    def close(self) -> None:
        """Let other processes use the folder."""
        self.study.close()

"""The live line of each trial, above a bar with the time left."""

import numpy as np
import pandas as pd
from tqdm import tqdm

from results.measures import ACCURACY, Measure
from results.pareto import front_rows, hypervolume
from results.tables import completed
from results.words import si
from search.task import Evaluation, Failure, Task
from space.errors import printable
from space.objective import Objective, Price

COLUMNS = 100


class Progress:
    """Prints one aligned line a trial, of at most `COLUMNS` characters, below a line with the headings.

    Args:
        table: the trials so far, as `Study.table` gives them.
        ended: how many of them count.
        trials: how many there will be in total.
        reference: (accuracy, price) of the hypervolume.
        objective: what the prices are of.
        price: of an architecture.
        measure: what is maximised.
        bar: whether a terminal shows how far the search is.
    """

    def __init__(
        self,
        table: pd.DataFrame,
        *,
        ended: int,
        trials: int,
        reference: tuple[float, float],
        objective: Objective,
        price: Price,
        measure: Measure = ACCURACY,
        bar: bool = True,
    ) -> None:
        self._title, self._wide = measure.title, max(8, len(measure.title))
        points = completed(table)[[measure.column, objective.name]].to_numpy(float)
        self._front = points[front_rows(*points.T)]
        self._reference = reference
        self._unit = objective.unit
        self._price = price
        self._is_headed = False
        self._bar = tqdm(
            total=max(trials, ended),
            initial=ended,
            unit="trial",
            dynamic_ncols=True,
            smoothing=0.1,
            disable=None if bar else True,
        )

    def on_trial(self, task: Task, outcome: Evaluation | Failure) -> None:
        """Show a trial that has just ended."""
        if not self._is_headed:
            self._write(self._headings())
            self._is_headed = True
        line = f"{task.number:>5} "
        if isinstance(outcome, Failure):
            line += f"  failed: {printable(outcome.reason)}"
        else:
            line += self._measured(self._price(task.architecture), outcome) + f"  {task.architecture.describe()}"
        self._write(line)
        self._bar.update()

    def note(self, text: str) -> None:
        """Print a line above the bar."""
        self._bar.write(text)

    def close(self) -> None:
        self._bar.close()

    def _headings(self) -> str:
        cost = f"{'cost':>{8 + len(self._unit)}}"
        return f"trial   {self._title:>{self._wide}}  {cost}       time  front  hypervolume  network"

    def _measured(self, price: float, outcome: Evaluation) -> str:
        told = f" {outcome.accuracy:{self._wide}.2%}  {si(price)}{self._unit}  {outcome.seconds:7.1f} s"
        if outcome.stopped:
            return f" {told}  {f'stopped, epoch {outcome.epochs}':>18}"
        points = np.append(self._front, [[outcome.accuracy, price]], axis=0)
        rows = front_rows(*points.T)
        star = "*" if len(points) - 1 in rows else " "
        self._front = points[rows]
        volume = hypervolume(*self._front.T, reference=self._reference)
        return f"{star}{told}  {len(self._front):>5}  {volume:>11.4f}"

    def _write(self, line: str) -> None:
        self._bar.write(line if len(line) <= COLUMNS else f"{line[: COLUMNS - 3]}...")

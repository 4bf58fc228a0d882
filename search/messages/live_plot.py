"""A plot that grows with the search, for notebooks."""

import time
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from search.session import Search
from search.task import Evaluation, Failure, Task

if TYPE_CHECKING:
    import plotly.graph_objects as go


def in_cell(figure: "go.Figure") -> None:
    """Replace the output of a notebook's cell by the figure; outside a notebook, do nothing."""
    try:
        ipython = import_module("IPython")
    except ImportError:
        return
    if ipython.get_ipython() is not None:
        ipython.display.clear_output(wait=True)
        ipython.display.display(figure)


class LivePlot:
    """Draws accuracy over cost again as trials end. It is given to `search.run_study` as `on_trial`.

    Args:
        show: called with each figure.
        pauses: from one drawing to the next it takes at least so many times as long as a drawing takes.
    """

    def __init__(self, show: Callable[["go.Figure"], None] = in_cell, *, pauses: float = 10) -> None:
        self._show, self._pauses = show, pauses
        self._due = 0.0

    def __call__(self, search: Search, task: Task, outcome: Evaluation | Failure) -> None:
        """Draw, unless it was drawn a short time ago."""
        began = time.monotonic()
        if began < self._due:
            return
        self._show(search.figure())
        ended = time.monotonic()
        self._due = ended + self._pauses * (ended - began)

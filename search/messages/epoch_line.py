"""How far one training is: one line, rewritten on a terminal, anew for each epoch elsewhere."""

import shutil
import sys
from statistics import median
from typing import TextIO

from results.words import duration
from search.messages.retrained_text import named

CLEAR = "\x1b[K"
"""Clears a terminal's line from here on."""
RECENT = 9
"""Epochs whose median time is that of the next ones: the first one may have compiled kernels."""


class EpochLine:
    """As a context, it leaves a terminal's line at its end.

    Args:
        epochs: of the whole training.
        metric: a name in `results.measures.MEASURES`, which chooses the best epoch.
        stream: where the line goes; None for the standard output.
    """

    def __init__(self, *, epochs: int, metric: str, stream: TextIO | None = None) -> None:
        self._epochs, self._metric = epochs, metric
        self._stream = stream or sys.stdout
        self._seconds: list[float] = []
        self._is_open = False

    def __enter__(self) -> "EpochLine":
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_open:
            print(file=self._stream, flush=True)

    def show(self, row: dict[str, float]) -> None:
        """Show an epoch that has just ended, a row of ``metrics.csv``."""
        self._seconds.append(row["seconds"])
        left = (self._epochs - row["epoch"]) * median(self._seconds[-RECENT:])
        text = (
            f"epoch {row['epoch']:>4}/{self._epochs}  loss {row['loss']:.4f}  "
            f"validation {named({**row, 'metric': self._metric}, 'validation')}  {row['seconds']:.1f} s"
            f"{f'  {duration(left)} left' if left else ''}"
        )
        if self._stream.isatty():
            width = shutil.get_terminal_size().columns
            print(f"\r{text[: width - 1]}{CLEAR}", end="", file=self._stream, flush=True)
            self._is_open = True
        else:
            print(text, file=self._stream, flush=True)

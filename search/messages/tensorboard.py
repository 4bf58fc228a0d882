"""The epochs of a training as TensorBoard events."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from space import InputError

Show = Callable[[dict[str, float]], None]


def require_tensorboard() -> None:
    """Raises InputError where events cannot be written."""
    try:
        import torch.utils.tensorboard  # noqa: F401
    except ImportError:
        raise InputError("--tensorboard needs the package tensorboard: pip install -e '.[tensorboard]'") from None


@contextmanager
def events_of(folder: Path, parent: Path | None) -> Iterator[Show]:
    """What writes the row of an epoch as events: into ``parent/KEY`` for the training in the folder ``KEY``.

    Args:
        folder: the training's; its ``metrics.csv`` holds the row already.
        parent: None to write nothing.
    """
    if parent is None:
        yield lambda row: None
        return
    parent.mkdir(parents=True, exist_ok=True)
    events = _Events(folder, parent / folder.name)
    try:
        yield events.write
    finally:
        events.close()


class _Events:
    """Epochs from before a training was resumed are written too, so that curves are whole."""

    def __init__(self, folder: Path, into: Path) -> None:
        self._folder, self._into = folder, into
        self._writer: Any = None

    def write(self, row: dict[str, float]) -> None:
        if self._writer is None:
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(self._into), purge_step=1)  # what an earlier process wrote is dropped
            for each in pd.read_csv(self._folder / "metrics.csv").to_dict("records"):
                self._add({str(name): value for name, value in each.items()})
        else:
            self._add(row)
        self._writer.flush()

    def _add(self, row: dict[str, float]) -> None:
        for name, value in row.items():
            if name != "epoch":
                self._writer.add_scalar(name.replace("validation_", "validation/"), value, int(row["epoch"]))

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()

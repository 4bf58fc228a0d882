"""The learning curves of a run's retrainings."""

from dataclasses import dataclass
from pathlib import Path

from space import InputError
from space.reading import read_input


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One retraining so far.

    Args:
        key: of the network.
        epochs: at which it was judged.
        accuracy: on validation images, 0 to 1, at each of them.
    """

    key: str
    epochs: tuple[int, ...]
    accuracy: tuple[float, ...]


def read_curves(folder: Path) -> tuple[Curve, ...]:
    """Of every ``retrain/KEY/metrics.csv`` in the run's folder; a file that cannot be read is passed over."""
    found = (_read(path) for path in sorted(folder.glob("retrain/*/metrics.csv")))
    return tuple(curve for curve in found if curve and curve.epochs)


def _read(path: Path) -> Curve | None:
    try:
        lines = [line.split(",") for line in read_input(path).splitlines()]
        head, rows = lines[0], [line for line in lines[1:] if line]
        epoch, accuracy = head.index("epoch"), head.index("validation_top1")
        return Curve(
            key=path.parent.name,
            epochs=tuple(int(row[epoch]) for row in rows),
            accuracy=tuple(float(row[accuracy]) for row in rows),
        )
    except (InputError, LookupError, ValueError):
        return None

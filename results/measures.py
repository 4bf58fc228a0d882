"""Measures of a classifier: what a search maximises, and what else it notes of each network."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MANY_CLASSES = 5
"""With more, the share of images whose class is among so many highest outputs is noted as well."""
TOP5 = "top5"


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How a network classified some images, by class.

    Args:
        labels: (C,) images of each class.
        predicted: (C,) images that the network takes for each.
        right: (C,) images of each class that it takes for it.
        top5: images whose class is among the five highest outputs.
    """

    labels: NDArray[np.int64]
    predicted: NDArray[np.int64]
    right: NDArray[np.int64]
    top5: int

    def scores(self) -> dict[str, float]:
        """All measures by their columns, and, where there are more than `MANY_CLASSES`, top-5 accuracy."""
        measured = {measure.column: measure.of(self) for measure in MEASURES.values()}
        return {**measured, TOP5: self.top5_accuracy} if len(self.labels) > MANY_CLASSES else measured

    def after_retraining(self, part: str) -> dict[str, float]:
        """All measures by their names in what a retraining writes, on the images of a part."""
        return {measure.after_retraining(part): measure.of(self) for measure in MEASURES.values()}

    @property
    def top5_accuracy(self) -> float:
        return self.top5 / int(self.labels.sum())


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A number from 0 to 1 that is to be high, and `1 / C` for guesses among C classes.

    Args:
        name: as ``--metric`` takes it.
        title: for people.
        of: its number.
    """

    name: str
    title: str
    of: Callable[[Counts], float]

    @property
    def column(self) -> str:
        """Its name in tables and files."""
        return self.name.replace("-", "_")

    def after_retraining(self, part: str) -> str:
        """Its name in what a retraining writes, on the images of a part, ``validation`` or ``test``."""
        return f"{part}_{'top1' if self.name == 'accuracy' else self.column}"


def accuracy(counts: Counts) -> float:
    """The share of the images classified right."""
    return float(counts.right.sum() / counts.labels.sum())


def balanced_accuracy(counts: Counts) -> float:
    """The share of a class's images classified right, in the mean over classes (Brodersen et al., ICPR 2010).

    Classes without images are left out.
    """
    there = counts.labels > 0
    return float((counts.right[there] / counts.labels[there]).mean())


def macro_f1(counts: Counts) -> float:
    """The harmonic mean of a class's precision and recall, in the mean over classes.

    Classes without images are left out, so that all networks are judged on the same classes; images that are taken for
    such a class still count against their own.
    """
    there = counts.labels > 0
    return float((2 * counts.right[there] / (counts.labels + counts.predicted)[there]).mean())


ACCURACY = Measure(name="accuracy", title="accuracy", of=accuracy)
MEASURES = {
    measure.name: measure
    for measure in (
        ACCURACY,
        Measure(name="balanced-accuracy", title="balanced accuracy", of=balanced_accuracy),
        Measure(name="macro-f1", title="macro F1", of=macro_f1),
    )
}
"""By name."""
SCORES = (*(measure.column for measure in MEASURES.values() if measure is not ACCURACY), TOP5)
"""Columns of what is noted beside the accuracy."""
TITLES = {TOP5: "top-5 accuracy", **{measure.column: measure.title for measure in MEASURES.values()}}
"""By column."""

UNWEIGHTED, BALANCED = CLASS_WEIGHTS = "none", "balanced"
"""How much an image counts in the loss of a training: as much as any other, or as if all classes were of one size."""

"""How a trained network classifies images it is tested on: what is counted, and the measures that follow."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from results.files import SCHEMA
from results.measures import Counts
from results.noise import standard_error

BINS = 15
"""Of confidence, of equal width, as in the paper of the calibration error."""


@dataclass(frozen=True, kw_only=True)
class Bins:
    """Images by confidence, the highest probability among the classes; bin i of B goes from above i / B to (i + 1) / B.

    Args:
        images: (B,) how many.
        confidence: (B,) the sum of their confidences.
        right: (B,) how many are classified right.
    """

    images: NDArray[np.int64]
    confidence: NDArray[np.float64]
    right: NDArray[np.int64]

    @property
    def error(self) -> float:
        """The expected calibration error: sum over bins of n_b / n |accuracy_b - confidence_b|.

        Naeini et al., AAAI 2015; with 15 bins, Guo et al., ICML 2017 (arXiv 1706.04599).
        """
        return float(np.abs(self.right - self.confidence).sum() / self.images.sum())


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """Counts over images; those of several batches add up.

    Args:
        classes: name of each of C classes.
        confusion: (C, C) images by their class, the row, and by the class that the network takes them for.
        top5: images whose class is among the five highest scores.
        bins: the images by confidence.
    """

    classes: tuple[str, ...]
    confusion: NDArray[np.int64]
    top5: int
    bins: Bins

    @classmethod
    def of(cls, classes: Sequence[str], scores: NDArray[np.float32], labels: NDArray[np.int64]) -> "Evaluated":
        """The counts of a batch, from its scores before the softmax, (N, C), and its labels, (N,)."""
        predicted = scores.argmax(1)
        confusion = np.zeros((len(classes), len(classes)), np.int64)
        np.add.at(confusion, (labels, predicted), 1)
        own = scores[np.arange(len(labels)), labels][:, None]
        above = scores.max(1, keepdims=True) - scores.astype(np.float64)
        confidence = 1 / np.exp(-above).sum(1)
        places = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
        return cls(
            classes=tuple(classes),
            confusion=confusion,
            top5=int(((scores > own).sum(1) < 5).sum()),
            bins=Bins(
                images=np.bincount(places, minlength=BINS),
                confidence=np.bincount(places, confidence, BINS).astype(float),
                right=np.bincount(places[predicted == labels], minlength=BINS),
            ),
        )

    def __add__(self, other: "Evaluated") -> "Evaluated":
        ours, theirs = self.bins, other.bins
        return Evaluated(
            classes=self.classes,
            confusion=self.confusion + other.confusion,
            top5=self.top5 + other.top5,
            bins=Bins(
                images=ours.images + theirs.images,
                confidence=ours.confidence + theirs.confidence,
                right=ours.right + theirs.right,
            ),
        )

    @property
    def images(self) -> int:
        return int(self.confusion.sum())

    @property
    def counts(self) -> Counts:
        """What the measures of a search are made from."""
        labels, predicted = self.confusion.sum(1), self.confusion.sum(0)
        return Counts(labels=labels, predicted=predicted, right=self.confusion.diagonal(), top5=self.top5)

    @property
    def accuracy(self) -> float:
        return float(self.confusion.trace() / self.images)

    @property
    def standard_error(self) -> float:
        """Of the accuracy, because other images of the same kind would give another one."""
        return standard_error(self.accuracy, self.images)

    @property
    def recall(self) -> list[float | None]:
        """(C,) the share of a class's images that are taken for it; None without images."""
        return _shares(self.counts.right, self.counts.labels)

    @property
    def precision(self) -> list[float | None]:
        """(C,) the share of the images taken for a class that are of it; None where there are none."""
        return _shares(self.counts.right, self.counts.predicted)

    def mistaken(self, label: int) -> tuple[str, int] | None:
        """The other class that images of a class are taken for most often, and how many are; None if there is none."""
        others = self.confusion[label].copy()
        others[label] = 0
        most = int(others.argmax())
        return (self.classes[most], int(others[most])) if others[most] else None

    def to_dict(self) -> dict[str, Any]:
        """For a JSON file."""
        rows = zip(self.classes, self.counts.labels.tolist(), self.recall, self.precision)
        return {
            "schema": SCHEMA,
            "images": self.images,
            "standard_error": self.standard_error,
            **self.counts.scores(),
            "calibration_error": self.bins.error,
            "calibration_bins": [
                {"images": images, "confidence": confidence, "right": right}
                for images, confidence, right in zip(
                    self.bins.images.tolist(), self.bins.confidence.tolist(), self.bins.right.tolist()
                )
            ],
            "classes": [
                {"class": name, "images": images, "recall": recall, "precision": precision}
                for name, images, recall, precision in rows
            ],
            "confusion": self.confusion.tolist(),
        }


def _shares(parts: NDArray[np.int64], wholes: NDArray[np.int64]) -> list[float | None]:
    return [part / whole if whole else None for part, whole in zip(parts.tolist(), wholes.tolist())]

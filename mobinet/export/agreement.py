"""How far an exported network agrees with PyTorch.

PyTorch adds in another order than the export states. A rounding may turn the sign of an activation, and then the scores
differ visibly.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mobinet.classifier import Classifier
from mobinet.export import ExportFormat, TrainedNetwork
from mobinet.export.examples import Examples

TOLERANCE = 1e-3
"""Scores that differ by more are those of an image in which a sign has turned."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """On test images.

    Args:
        images: how many.
        same: share of them that get the same class.
        turned: share of them with scores that differ by more than `TOLERANCE`.
        difference: the largest one of two scores.
        accuracy, torch_accuracy: of the exported network and of PyTorch.
    """

    images: int
    same: float
    turned: float
    difference: float
    accuracy: float
    torch_accuracy: float

    @classmethod
    def of(cls, scores: NDArray[np.float32], by_torch: NDArray[np.float32], labels: NDArray[np.int64]) -> "Agreement":
        """Of scores, both (N, classes), of images with these labels, (N,)."""
        best, torch_best, differences = scores.argmax(1), by_torch.argmax(1), np.abs(scores - by_torch).max(1)
        return cls(
            images=len(labels),
            same=float((best == torch_best).mean()),
            turned=float((differences > TOLERANCE).mean()),
            difference=float(differences.max()),
            accuracy=float((best == labels).mean()),
            torch_accuracy=float((torch_best == labels).mean()),
        )

    def __str__(self) -> str:
        return (
            f"the same class for {self.same:.2%} of {self.images:,} test images; scores differ by up to "
            f"{self.difference:.2g}, by more than {TOLERANCE:g} for {self.turned:.2%}; accuracy {self.accuracy:.2%}, "
            f"in PyTorch {self.torch_accuracy:.2%}"
        )


def compare(kind: ExportFormat, network: TrainedNetwork, examples: Examples) -> Agreement | None:
    """The agreement of a format with PyTorch; None where the format cannot be run here.

    Raises:
        InputError: the format cannot hold the network.
    """
    scores = kind.scores(network, examples.images)
    if scores is None:
        return None
    return Agreement.of(scores, Classifier(network=network).by_torch(examples.images), examples.labels)

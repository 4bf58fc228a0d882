"""The loss of a training, in which images may count by their class."""

import torch
import torch.nn.functional as F
from torch import Tensor

from results.measures import BALANCED
from search.data.split import Split


class ClassLoss:
    """Cross-entropy, in the mean over the images of a batch.

    With balanced weights each image counts n / (C n_c), for n training images of C classes, n_c of its own class. So
    all classes count alike, and an image counts 1 in the mean. A batch is divided by the number of its images, not by
    the sum of their weights: then slices of a batch add up to the batch.

    Args:
        class_weights: a name in `results.measures.CLASS_WEIGHTS`.
        train: the images that are learned.
        device: where.
        label_smoothing: share of each label that is divided among all classes.
    """

    def __init__(self, class_weights: str, train: Split, device: torch.device, label_smoothing: float = 0.0) -> None:
        self.label_smoothing = label_smoothing
        self.weights = balanced(train.class_counts()).to(device) if class_weights == BALANCED else None

    def __call__(self, outputs: Tensor, targets: Tensor, labels: Tensor) -> Tensor:
        """The loss of a batch.

        Args:
            outputs: (N, C).
            targets: labels (N,) or probabilities of the first c classes (N, c).
            labels: (N,), or shares of the classes (N, C).
        """
        if targets.dim() == 2:
            targets = F.pad(targets, (0, outputs.shape[1] - targets.shape[1]))
        if self.weights is None:
            return F.cross_entropy(outputs, targets, label_smoothing=self.label_smoothing)
        each = F.cross_entropy(outputs, targets, reduction="none", label_smoothing=self.label_smoothing)
        return self.mean(each, labels)

    def mean(self, losses: Tensor, labels: Tensor) -> Tensor:
        """The mean of the losses (N,) of images with such labels (N,), or of mixed ones with shares (N, C)."""
        if self.weights is None:
            return losses.mean()
        return ((labels @ self.weights if labels.is_floating_point() else self.weights[labels]) * losses).mean()


def balanced(counts: Tensor) -> Tensor:
    """The weight of an image of each class, (C,), from the number of images of each, (C,)."""
    return counts.sum() / ((counts > 0).sum() * counts.clamp(min=1))

"""How a network classifies images, counted by class."""

import math

import torch
from torch import Tensor, nn

from results.measures import Counts
from search.data.split import Split
from search.training import ranks
from search.training.captured import launching
from space.image_sizes import Shape

MOST_AT_ONCE = 1000
BYTES_AT_ONCE = 2**25
"""Of images as floats: 1,000 of CIFAR, and at 224 pixels 55, a little fewer than a training takes."""


def judged_at_once(input_shape: Shape) -> int:
    """How many images (C, H, W) a network classifies in one batch."""
    return max(1, min(MOST_AT_ONCE, BYTES_AT_ONCE // (4 * math.prod(input_shape))))


@torch.no_grad()
def judge(net: nn.Module, split: Split, *, classes: int, device: torch.device, batch_size: int | None = None) -> Counts:
    """Classify the images of a split into so many classes; each of several processes looks at a part of them.

    A batch has `batch_size` images; without it, as many as `judged_at_once` says.

    The counts stay on the device until the last batch, so that nothing waits between two.
    """
    net.eval()
    size = batch_size or judged_at_once(split.preparation.input_shape)
    with launching:
        by_class = torch.zeros(3, classes, dtype=torch.long, device=device)
        top5 = torch.zeros((), dtype=torch.long, device=device)
        for images, labels in split.batches(size, device=device, part=ranks.part()):
            ranked = net(images).topk(min(5, classes), 1).indices
            right = ranked == labels.unsqueeze(1)
            top5 += right.sum()
            _count(by_class, labels, ranked[:, 0], right[:, 0])
        counts = torch.cat([by_class.flatten(), top5.view(1)])
    *rows, last = ranks.total(counts.cpu()).split([classes] * 3 + [1])
    labels, predicted, right = (row.numpy() for row in rows)
    return Counts(labels=labels, predicted=predicted, right=right, top5=int(last))


def _count(by_class: Tensor, labels: Tensor, predicted: Tensor, right: Tensor) -> None:
    """Add a batch, (N,) each, to the rows of (3, C): `bincount` would wait for the device."""
    one = torch.ones_like(labels)
    by_class[0].index_add_(0, labels, one)
    by_class[1].index_add_(0, predicted, one)
    by_class[2].index_add_(0, labels, right.long())

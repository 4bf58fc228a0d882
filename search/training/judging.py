"""How a network classifies images, counted by class."""

import torch
from torch import Tensor, nn

from results.measures import Counts
from search.data.split import Split
from search.training import ranks
from search.training.captured import launching


@torch.no_grad()
def judge(net: nn.Module, split: Split, *, classes: int, device: torch.device, batch_size: int = 1000) -> Counts:
    """Classify the images of a split into so many classes; each of several processes looks at a part of them.

    The counts stay on the device until the last batch, so that nothing waits between two.
    """
    net.eval()
    by_class = torch.zeros(3, classes, dtype=torch.long, device=device)
    top5 = torch.zeros((), dtype=torch.long, device=device)
    with launching:
        for images, labels in split.batches(batch_size, device=device, part=ranks.part()):
            ranked = net(images).topk(min(5, classes), 1).indices
            right = ranked == labels.unsqueeze(1)
            top5 += right.sum()
            _count(by_class, labels, ranked[:, 0], right[:, 0])
    *rows, last = ranks.total(torch.cat([by_class.flatten(), top5.view(1)]).cpu()).split([classes] * 3 + [1])
    labels, predicted, right = (row.numpy() for row in rows)
    return Counts(labels=labels, predicted=predicted, right=right, top5=int(last))


def _count(by_class: Tensor, labels: Tensor, predicted: Tensor, right: Tensor) -> None:
    """Add a batch, (N,) each, to the rows of (3, C): `bincount` would wait for the device."""
    one = torch.ones_like(labels)
    by_class[0].index_add_(0, labels, one)
    by_class[1].index_add_(0, predicted, one)
    by_class[2].index_add_(0, labels, right.long())

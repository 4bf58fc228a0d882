"""How many images a network classifies right."""

import torch
from torch import Tensor, nn

from search.data.split import Split
from search.training import ranks
from search.training.captured import launching


@torch.no_grad()
def accuracy(
    net: nn.Module, split: Split, *, device: torch.device, top: tuple[int, ...] = (1,), batch_size: int = 1000
) -> tuple[float, ...]:
    """The share of images whose label is among the `top` k highest outputs, for each k.

    Each of several processes looks at a part of the images.
    """
    net.eval()
    hits = torch.zeros(len(top), dtype=torch.long, device=device)
    with launching:
        for images, labels in split.batches(batch_size, device=device, part=ranks.part()):
            hits += torch.stack(_hits(net(images), labels, top))
    return tuple((ranks.total(hits.cpu()) / len(split)).tolist())


def _hits(outputs: Tensor, labels: Tensor, top: tuple[int, ...]) -> list[Tensor]:
    ranked = outputs.topk(min(max(top), outputs.shape[1]), 1).indices == labels.unsqueeze(1)
    return [ranked[:, :k].any(1).sum() for k in top]

"""How a supernet is trained, and made ready to judge one path."""

from math import ceil
from random import Random
from typing import Any

import torch
from torch import Tensor, nn

from search.data.split import Split
from search.evaluators.supernet_paths import Draw
from search.training.judging import judged_at_once
from search.training.training import Training

CALIBRATION_IMAGES = 10_000


class SupernetTraining(Training):
    """A supernet on its way through a recipe: each step trains the paths that `draw` draws.

    Of several, the first learns from the labels and teaches the others (Yu and Huang, "Universally Slimmable Networks
    and Improved Training Techniques", ICCV 2019, arXiv 1903.05134).
    """

    alike = False
    make_optimizer = torch.optim.Adam  # which leaves alone what no path of a step goes through

    def __init__(self, *args: Any, draw: Draw, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.draw = draw

    def run_epoch(self) -> float:
        self._rng = Random(f"{self.seed}/{self.epoch}")
        return super().run_epoch()

    def learn(self, images: Tensor, labels: Tensor) -> Tensor:
        teacher, *pupils = self.draw(self._rng)
        with self.autocast():
            outputs = self.net(images, teacher)
            first = self.loss(outputs, labels, labels)
        first.backward()
        targets = outputs.detach().softmax(1)
        for path in pupils:
            with self.autocast():
                loss = self.loss(self.net(images, path), targets, labels)
            loss.backward()
        return first.detach()


@torch.no_grad()
def calibrate(
    net: nn.Module,
    train: Split,
    *,
    device: torch.device,
    seed: int,
    images: int = CALIBRATION_IMAGES,
    batch_size: int | None = None,
) -> None:
    """Measure the running statistics of every batch norm anew, on so many training images drawn by `seed`.

    A batch has `batch_size` images; without it, as many as `judged_at_once` says.
    """
    size = batch_size or judged_at_once(train.preparation.input_shape)
    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    usual = [norm.momentum for norm in norms]
    net.train()
    batches = train.batches(size, device=device, seed=seed)
    for count, (batch, _) in zip(range(1, ceil(images / size) + 1), batches):
        for norm in norms:
            norm.momentum = 1 / count
        net(batch)
    for norm, momentum in zip(norms, usual):
        norm.momentum = momentum

"""One-shot evaluation: a supernet is trained once, and every network is judged with its weights."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mobinet import cost
from mobinet.supernet import Supernet, require_supernet
from search.checkpoint import open_checkpoint, save_checkpoint
from search.data import DataSet
from search.data.splits import Split
from search.evaluator import OnImages, seeded
from search.machine import divide_threads, keep_memory
from search.paths import PATHS, Draw
from search.training import Training
from space import Architecture, SearchSpace

CALIBRATION_BATCH = 1000
CALIBRATION_BATCHES = 10
SAVE_EVERY = 10.0
"""Seconds of training that a crash may cost."""


@dataclass(frozen=True, kw_only=True)
class OneShot(OnImages):
    """A network's path through a supernet, with batch-norm statistics of its own; `train` comes first.

    Args:
        space: whose networks are paths.
        paths: a name in `search.paths.PATHS`.
        checkpoint: of the supernet's training.

    Raises:
        InputError: there is no supernet of this space.
    """

    space: SearchSpace
    paths: str
    checkpoint: Path

    def __post_init__(self) -> None:
        require_supernet(self.space)

    def train(self, told: Callable[[int, float], None]) -> None:
        """Train the supernet, or go on from the checkpoint; one that is trained is left alone.

        Args:
            told: called with the number of each epoch and its loss.

        Raises:
            InputError: the checkpoint cannot be read.
            NonFiniteLoss: the training diverged.
        """
        images = self.images(self.space.input_shape)
        training = SupernetTraining(
            self._untrained(),
            images.train,
            recipe=self.recipe,
            seed=self.seed,
            device=torch.device(self.device),
            draw=PATHS[self.paths](self.space, lambda network: cost(network, len(images.classes)).ops),
        )
        if self.checkpoint.exists():
            with open_checkpoint(self.checkpoint) as state:
                training.load_state_dict(state)
        saved = time.perf_counter()
        while training.epoch < self.recipe.epochs:
            loss = training.run_epoch()
            if training.epoch == self.recipe.epochs or time.perf_counter() - saved > SAVE_EVERY:
                save_checkpoint(self.checkpoint, training.state_dict())
                saved = time.perf_counter()
            told(training.epoch, loss)

    def stages(
        self, architecture: Architecture, images: DataSet, seed: int, rungs: frozenset[int]
    ) -> Iterator[tuple[nn.Module, int]]:
        device = torch.device(self.device)
        net = self._trained.extract(architecture)
        divide_threads(net, device)
        calibrate(net, images.train, device=device, seed=self.seed)
        yield net, 0

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "paths": self.paths}

    @cached_property
    def _trained(self) -> Supernet:
        net = self._untrained()
        with open_checkpoint(self.checkpoint) as state:
            net.load_state_dict(state["net"])
        keep_memory()
        return net.to(self.device)

    def _untrained(self) -> Supernet:
        classes = len(self.images(self.space.input_shape).classes)
        with seeded(self.seed):
            return Supernet(self.space, classes)


class SupernetTraining(Training):
    """A supernet on its way through a recipe: each step trains the paths that `draw` draws.

    Of several, the first learns from the labels and teaches the others (Yu and Huang, "Universally Slimmable Networks
    and Improved Training Techniques", ICCV 2019, arXiv 1903.05134).
    """

    make_optimizer = torch.optim.Adam  # which leaves alone what no path of a step goes through

    def __init__(self, *args: Any, draw: Draw, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.draw = draw

    def run_epoch(self) -> float:
        self._rng = Random(f"{self.seed}/{self.epoch}")
        return super().run_epoch()

    def learn(self, images: Tensor, labels: Tensor) -> Tensor:
        targets, first = labels, None
        for path in self.draw(self._rng):
            with self.autocast():
                outputs = self.net(images, path)
                loss = F.cross_entropy(outputs, targets)
            loss.backward()
            if first is None:
                first, targets = loss.detach(), outputs.detach().softmax(1)
        return first


@torch.no_grad()
def calibrate(net: nn.Module, train: Split, *, device: torch.device, seed: int) -> None:
    """Measure the running statistics of every batch norm anew, on training images drawn by `seed`."""
    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    usual = [norm.momentum for norm in norms]
    net.train()
    batches = train.batches(CALIBRATION_BATCH, device=device, seed=seed)
    for count, (images, _) in zip(range(1, CALIBRATION_BATCHES + 1), batches):
        for norm in norms:
            norm.momentum = 1 / count
        net(images)
    for norm, momentum in zip(norms, usual):
        norm.momentum = momentum

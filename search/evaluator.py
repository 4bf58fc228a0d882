"""Evaluators give an architecture its accuracy. This one trains it, briefly and from scratch."""

import hashlib
import time
from dataclasses import dataclass
from typing import Protocol

import torch

from mobinet import build
from search.data import DataSet, load_dataset
from search.training import Recipe, Training, accuracy
from space import Architecture


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What an evaluator found.

    Args:
        accuracy: share of validation images classified right, 0 to 1.
        epochs: how long it trained.
        seconds: how long it took.
    """

    accuracy: float
    epochs: int
    seconds: float


class Evaluator(Protocol):
    """Can be pickled, and called in any process, in any order, with the same result."""

    def __call__(self, architecture: Architecture, *, replicate: int = 0) -> Evaluation:
        """Evaluate; another `replicate` is another seed. Any exception fails the trial with its text as the reason."""


@dataclass(frozen=True, kw_only=True)
class Proxy:
    """A short training from scratch, judged on the validation images.

    Args:
        dataset, data_dir, validation: which images, where, and the share held out of the training images.
        recipe: how it is trained.
        seed: the study's; each training's own follows from it, the architecture's key and the replicate.
        device: such as ``"cpu"`` or ``"cuda"``.
    """

    dataset: str
    data_dir: str
    validation: float
    recipe: Recipe
    seed: int
    device: str

    def __call__(self, architecture: Architecture, *, replicate: int = 0) -> Evaluation:
        began = time.perf_counter()
        images = self.images(architecture.input_shape)
        seed = training_seed(self.seed, architecture, replicate)
        device = torch.device(self.device)
        net = seeded_build(architecture, len(images.classes), seed)
        training = Training(net, images.train, recipe=self.recipe, seed=seed, device=device)
        while training.epoch < self.recipe.epochs:
            training.run_epoch()
        (top1,) = accuracy(net, images.validation, device=device)
        return Evaluation(accuracy=top1, epochs=training.epoch, seconds=time.perf_counter() - began)

    def images(self, input_shape: tuple[int, int, int]) -> DataSet:
        """The images for a backbone of `input_shape` (C, H, W), loaded once in each process."""
        return load_dataset(self.dataset, data_dir=self.data_dir, input_shape=input_shape, validation=self.validation)


def training_seed(seed: int, architecture: Architecture, replicate: int = 0) -> int:
    """A seed for one training that depends on nothing but these three."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{architecture.key}/{replicate}".encode()).digest()[:4], "big")


def seeded_build(architecture: Architecture, num_classes: int, seed: int) -> torch.nn.Module:
    """The network with weights drawn from `seed`, leaving torch's random state as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build(architecture, num_classes)

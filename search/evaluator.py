"""Evaluators give an architecture its accuracy. The proxy trains it, briefly and from scratch."""

import hashlib
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from typing import Any, Protocol

import torch
from torch import nn

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
class OnImages(ABC):
    """An evaluator that judges on the validation images of a data set.

    Args:
        dataset, data_dir, validation: which images, where, and the share held out of the training images.
        recipe: of the training.
        seed: the study's.
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
        net, epochs = self.prepare(architecture, images, training_seed(self.seed, architecture, replicate))
        (top1,) = accuracy(net, images.validation, device=torch.device(self.device))
        return Evaluation(accuracy=top1, epochs=epochs, seconds=time.perf_counter() - began)

    @abstractmethod
    def prepare(self, architecture: Architecture, images: DataSet, seed: int) -> tuple[nn.Module, int]:
        """The network, on the device and ready to be judged, and the epochs it was trained for.

        Args:
            architecture: which.
            images: to train on.
            seed: of this evaluation alone; it follows from the study's, the architecture's key and the replicate.
        """

    def settings(self) -> dict[str, Any]:
        """What its results depend on, as plain Python."""
        common = {field.name: getattr(self, field.name) for field in fields(OnImages)}
        return {**common, "recipe": asdict(self.recipe)}

    def images(self, input_shape: tuple[int, int, int]) -> DataSet:
        """The images for a backbone of `input_shape` (C, H, W), loaded once in each process."""
        return load_dataset(self.dataset, data_dir=self.data_dir, input_shape=input_shape, validation=self.validation)


class Proxy(OnImages):
    """A short training from scratch."""

    def prepare(self, architecture: Architecture, images: DataSet, seed: int) -> tuple[nn.Module, int]:
        net = seeded_build(architecture, len(images.classes), seed)
        training = Training(net, images.train, recipe=self.recipe, seed=seed, device=torch.device(self.device))
        while training.epoch < self.recipe.epochs:
            training.run_epoch()
        return net, training.epoch


def training_seed(seed: int, architecture: Architecture, replicate: int = 0) -> int:
    """A seed for one training that depends on nothing but these three."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{architecture.key}/{replicate}".encode()).digest()[:4], "big")


def seeded_build(architecture: Architecture, num_classes: int, seed: int) -> nn.Module:
    """The network with weights drawn from `seed`, leaving torch's random state as it was."""
    with seeded(seed):
        return build(architecture, num_classes)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Within it torch draws from `seed`; afterwards its random state is as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield

"""Evaluators give an architecture its accuracy. The proxy trains it, briefly and from scratch."""

import hashlib
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Protocol

import torch
from torch import nn

from mobinet import build
from search.data import DataSet, load_dataset
from search.training import Recipe, Training, accuracy
from space import Architecture


@dataclass(frozen=True, kw_only=True)
class Task:
    """One evaluation to run: of a trial, or of its network once more under another seed.

    Args:
        number: the trial's.
        architecture: its network.
        replicate: another one is another seed.
        bars: by number of epochs, the accuracy below which a training is stopped there.
    """

    number: int
    architecture: Architecture
    replicate: int = 0
    bars: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What an evaluator found.

    Args:
        accuracy: share of validation images classified right, 0 to 1.
        epochs: how long it trained.
        seconds: how long it took.
        rungs: by number of epochs, the accuracy there.
        stopped: it was below a bar, and `accuracy` is what it had reached by then.
    """

    accuracy: float
    epochs: int
    seconds: float
    rungs: dict[int, float] = field(default_factory=dict)
    stopped: bool = False


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a task has no evaluation."""

    reason: str


class Evaluator(Protocol):
    """Can be pickled, and called in any process, in any order, with the same result."""

    def __call__(self, task: Task) -> Evaluation:
        """Evaluate. Any exception fails the trial with its text as the reason."""


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

    def __call__(self, task: Task) -> Evaluation:
        began = time.perf_counter()
        images = self.images(task.architecture.input_shape)
        seed = training_seed(self.seed, task.architecture, task.replicate)
        rungs = {}
        for net, epochs in self.stages(task.architecture, images, seed, frozenset(task.bars)):
            (rungs[epochs],) = accuracy(net, images.validation, device=torch.device(self.device))
            stopped = rungs[epochs] < task.bars.get(epochs, 0.0)
            if stopped:
                break
        seconds = time.perf_counter() - began
        return Evaluation(accuracy=rungs[epochs], epochs=epochs, seconds=seconds, rungs=rungs, stopped=stopped)

    @abstractmethod
    def stages(
        self, architecture: Architecture, images: DataSet, seed: int, rungs: frozenset[int]
    ) -> Iterator[tuple[nn.Module, int]]:
        """The network, on the device and ready to be judged, and its epochs so far: at each rung, and at the end.

        Args:
            architecture: which.
            images: to train on.
            seed: of this evaluation alone; it follows from the study's, the architecture's key and the replicate.
            rungs: numbers of epochs.
        """

    def settings(self) -> dict[str, Any]:
        """What its results depend on, as plain Python."""
        common = {known.name: getattr(self, known.name) for known in fields(OnImages)}
        return {**common, "recipe": asdict(self.recipe)}

    def images(self, input_shape: tuple[int, int, int]) -> DataSet:
        """The images for a backbone of `input_shape` (C, H, W), loaded once in each process."""
        return load_dataset(self.dataset, data_dir=self.data_dir, input_shape=input_shape, validation=self.validation)


class Proxy(OnImages):
    """A short training from scratch."""

    def stages(
        self, architecture: Architecture, images: DataSet, seed: int, rungs: frozenset[int]
    ) -> Iterator[tuple[nn.Module, int]]:
        net = seeded_build(architecture, len(images.classes), seed)
        training = Training(net, images.train, recipe=self.recipe, seed=seed, device=torch.device(self.device))
        while training.epoch < self.recipe.epochs:
            training.run_epoch()
            if training.epoch in rungs | {self.recipe.epochs}:
                yield net, training.epoch


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

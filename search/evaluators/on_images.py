"""What evaluators on a data set share: they judge networks on its validation images."""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import torch
from torch import nn

from results.measures import ACCURACY, MEASURES, UNWEIGHTED
from search.data.dataset import DataSet, load_dataset
from search.recipe import Recipe
from search.task import Evaluation, Task
from search.training.judging import judge
from search.training.precision import dtype_text
from search.training.seeds import training_seed
from space import Architecture, InputError

FOUND = ("leave_out", "fingerprint")
"""Fields that are no settings: they follow from the images."""


@dataclass(frozen=True, kw_only=True)
class OnImages(ABC):
    """An evaluator that judges on the validation images of a data set.

    Args:
        dataset, data_dir, validation: which images, where, and the share held out of the training images.
        recipe: of the training.
        seed: the study's.
        device: such as ``"cpu"`` or ``"cuda"``.
        metric: a name in `results.measures.MEASURES`.
        class_weights: of the training's loss, see `search.training.class_weights`.
        leave_out: files of images that are passed over; the fingerprint of the images tells runs with others apart.
        fingerprint: of the images that the search began with; None for any.
    """

    dataset: str
    data_dir: str
    validation: float
    recipe: Recipe
    seed: int
    device: str
    metric: str = ACCURACY.name
    class_weights: str = UNWEIGHTED
    leave_out: tuple[str, ...] = ()
    fingerprint: str | None = None

    def __call__(self, task: Task) -> Evaluation:
        began = time.perf_counter()
        images = self.images(task.architecture.input_shape)
        seed = training_seed(self.seed, task.architecture, task.replicate)
        column, rungs, scores = MEASURES[self.metric].column, dict[int, float](), dict[str, float]()
        epochs, stopped, device = 0, False, torch.device(self.device)
        for net, epochs in self.stages(task.architecture, images, seed, frozenset(task.bars)):
            device = next((parameter.device for parameter in net.parameters()), device)
            scores = judge(net, images.validation, classes=len(images.classes), device=device).scores()
            rungs[epochs] = scores[column]
            stopped = rungs[epochs] < task.bars.get(epochs, 0.0)
            if stopped:
                break
        seconds = time.perf_counter() - began
        return Evaluation(
            accuracy=rungs[epochs],
            epochs=epochs,
            seconds=seconds,
            scores=scores,
            rungs=rungs,
            stopped=stopped,
            device=f"{device} {dtype_text(device)}",
        )

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

    def shortened(self, images: int) -> "OnImages":
        """One that trains on so many images, where the length of a training is the user's to choose."""
        return self

    def on_these(self, input_shape: tuple[int, int, int]) -> Self:
        """One that refuses other images than those there are now, for a backbone of `input_shape` (C, H, W)."""
        return replace(self, fingerprint=self.images(input_shape).fingerprint)

    def prepare(self) -> None:
        """Do what has to be done once, before the first evaluation, in the process that starts the search."""
        return

    def settings(self) -> dict[str, Any]:
        """What its results depend on, as fields of `results.run_config.RunConfig`."""
        common = {item.name: getattr(self, item.name) for item in fields(OnImages) if item.name not in FOUND}
        return {**common, "recipe": self.recipe.recorded()}

    @property
    def wanted_images(self) -> int | None:
        """How many images to train on, about; None for all there are."""
        return None

    def images(self, input_shape: tuple[int, int, int]) -> DataSet:
        """The images for a backbone of `input_shape` (C, H, W), loaded once in each process.

        Raises:
            InputError: they cannot be used, or are not those that the search began with.
        """
        images = load_dataset(
            self.dataset,
            data_dir=self.data_dir,
            input_shape=input_shape,
            validation=self.validation,
            leave_out=self.leave_out,
            train_images=self.wanted_images,
        )
        if self.fingerprint not in (None, images.fingerprint):
            raise InputError(
                f"the images in {self.data_dir} changed since the search began; begin again with another --out"
            )
        return images

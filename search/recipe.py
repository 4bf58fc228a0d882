"""How a network is trained, in numbers."""

import math
from dataclasses import dataclass, fields
from typing import Any

OPTIMIZERS = ("adam", "sgd")
ALTERNATING = "alternating-flip"
AUGMENTATIONS = ("randaugment", "trivialaugment", "erasing", "mixup", "cutmix", ALTERNATING)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a network is trained from scratch: a linear warm-up, then a cosine decay to zero.

    In two steps, float weights are learned first, under binary activations, and binary ones begin with them (Martinez
    et al., "Training Binary Neural Networks with Real-to-Binary Convolutions", ICLR 2020, arXiv 2003.11535; ReActNet).
    Each step has a warm-up and a decay of its own.

    Args:
        epochs: passes over the training images.
        batch_size: images a step.
        learning_rate: at the end of the warm-up.
        warmup: share of all steps.
        scale_decay: factor of the L2 penalty on trained scales of weights (Xu and Cheung, BMVC 2019).
        optimizer: one of `OPTIMIZERS`.
        weight_decay: factor of the L2 penalty on the weights of convolutions and linear layers, as it is added to
            their gradient; of binary ones on the latent weights.
        label_smoothing: share of each label that is divided among all classes (Szegedy et al., CVPR 2016,
            arXiv 1512.00567).
        ema: decay, at each step, of the average of the weights that is judged and kept; 0 for the last weights.
        first_step: share of the epochs that learn float weights; 0 for a training in one step.
        first_learning_rate: as `learning_rate`, in the first of two steps; 0 for the same.
        first_weight_decay: as `weight_decay`, in the first of two steps.
        teacher_share: share of a teacher in the loss, where there is one; the labels have the rest.
        teacher_temperature: see `search.training.teacher.Teacher`.
        teacher_maps: factor of the distance to a teacher's maps in the loss, see `search.training.attention`.
        latent_deviation: standard deviation of the latent weights of each layer before the training; 0 for their
            binarizer's own. It decides how many steps a weight takes to change its sign, as `learning_rate` does.
        augment: some of `AUGMENTATIONS`, with commas between; they come after the data set's own shifts and flips, only
            the alternating flip is in place of the flips.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    warmup: float = 0.1
    scale_decay: float = 1e-4
    optimizer: str = "adam"
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    ema: float = 0.0
    first_step: float = 0.0
    first_learning_rate: float = 0.0
    first_weight_decay: float = 0.0
    teacher_share: float = 1.0
    teacher_temperature: float = 1.0
    teacher_maps: float = 0.0
    latent_deviation: float = 0.0
    augment: str = ""

    @property
    def first_epochs(self) -> int:
        """The epochs that learn float weights."""
        return math.ceil(self.first_step * self.epochs)

    @property
    def asks_for_teacher(self) -> bool:
        """Whether a setting does nothing without a teacher."""
        return any(getattr(self, f.name) != f.default for f in fields(self) if f.name.startswith("teacher_"))

    def learning_rate_at(self, progress: float) -> float:
        """The learning rate after a share of `progress` of all epochs."""
        first = self.first_epochs / self.epochs
        if first and progress <= first:
            return self._scheduled(self.first_learning_rate or self.learning_rate, progress / first)
        return self._scheduled(self.learning_rate, (progress - first) / (1 - first))

    def _scheduled(self, rate: float, progress: float) -> float:
        if progress < self.warmup:
            return rate * progress / self.warmup
        return rate * (1 + math.cos(math.pi * (progress - self.warmup) / (1 - self.warmup))) / 2

    def recorded(self) -> dict[str, Any]:
        """The first five fields, and of the others those that are not at their defaults.

        So a search, whose trainings are short and plain, has the record that earlier versions wrote.
        """
        values = {field.name: (getattr(self, field.name), field.default) for field in fields(self)}
        return {
            name: value for place, (name, (value, usual)) in enumerate(values.items()) if place < 5 or value != usual
        }


RECIPES = {
    "imagenet": Recipe(epochs=256, batch_size=256, learning_rate=5e-4, warmup=0),
    "reactnet": Recipe(
        epochs=512, batch_size=256, learning_rate=5e-4, warmup=0, first_step=0.5, first_weight_decay=5e-6
    ),
}
"""Recipes of full trainings, by name.

imagenet: MoBiNet (WACV 2020) has Adam, from scratch, and leaves rate, batch and length open. They are those that
public scripts have for the second stage of ReActNet (ECCV 2020, arXiv 2003.03488), without weight decay, but with a
cosine in place of the straight line.

reactnet: both steps of it, likewise; the paper has a ResNet-34 as the teacher.
"""

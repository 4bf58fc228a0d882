"""How a network is trained, in numbers."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a network is trained: Adam, from scratch; a linear warm-up, then a cosine decay to zero.

    Args:
        epochs: passes over the training images.
        batch_size: images a step.
        learning_rate: at the end of the warm-up.
        warmup: share of all steps.
        scale_decay: factor of the L2 penalty on trained scales of weights (Xu and Cheung, BMVC 2019).
    """

    epochs: int
    batch_size: int
    learning_rate: float
    warmup: float = 0.1
    scale_decay: float = 1e-4

    def learning_rate_at(self, progress: float) -> float:
        """The learning rate after a share of `progress` of all steps."""
        if progress < self.warmup:
            return self.learning_rate * progress / self.warmup
        return self.learning_rate * (1 + math.cos(math.pi * (progress - self.warmup) / (1 - self.warmup))) / 2


RECIPES = {"imagenet": Recipe(epochs=256, batch_size=256, learning_rate=5e-4, warmup=0)}
"""Recipes of full trainings, by name.

imagenet: MoBiNet (WACV 2020) has Adam, from scratch, and leaves rate, batch and length open. They are those that
public scripts have for the second stage of ReActNet (ECCV 2020, arXiv 2003.03488), without weight decay, but with a
cosine in place of the straight line.
"""

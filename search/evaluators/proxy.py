"""The proxy: each network is trained briefly, from scratch."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from search.data.dataset import DataSet
from search.evaluators.on_images import OnImages
from search.training.seeds import seeded_build
from search.training.teacher import Teacher
from search.training.training import Training
from space import Architecture, SearchSpace


@dataclass(frozen=True, kw_only=True)
class Proxy(OnImages):
    """A short training from scratch.

    Args:
        proxy_images: training images to use, the same ones for all networks; None for all there are.
    """

    proxy_images: int | None = None

    def stages(
        self, architecture: Architecture, images: DataSet, seed: int, rungs: frozenset[int]
    ) -> Iterator[tuple[nn.Module, int]]:
        net = seeded_build(architecture, len(images.classes), seed)
        training = Training(
            net,
            images.train,
            recipe=self.recipe,
            seed=seed,
            device=torch.device(self.device),
            class_weights=self.class_weights,
            teacher=self.teacher_for(images),
        )
        while training.epoch < self.recipe.epochs:
            training.run_epoch()
            if training.epoch in rungs | {self.recipe.epochs}:
                yield net, training.epoch

    def teacher_for(self, images: DataSet) -> Teacher | None:
        """What networks learn from, beside the labels or in their place; None for the labels alone."""
        return None

    def shortened(self, images: int) -> "Proxy":
        return replace(self, proxy_images=images)

    @property
    def wanted_images(self) -> int | None:
        return self.proxy_images

    def settings(self) -> dict[str, Any]:
        own = {} if self.proxy_images is None else {"proxy_images": self.proxy_images}
        return {**super().settings(), "evaluator_settings": own}


def make(settings: dict[str, Any], args: argparse.Namespace, *, space: SearchSpace, folder: Path) -> Proxy:
    """See `search.evaluators.EvaluatorEntry.make`."""
    return Proxy(**settings, proxy_images=args.proxy_images)

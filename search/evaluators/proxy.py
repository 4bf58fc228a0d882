"""The proxy: each network is trained briefly, from scratch."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn

from search.data.dataset import DataSet
from search.evaluators.on_images import OnImages
from search.training.seeds import seeded_build
from search.training.training import Training
from space import Architecture, SearchSpace


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


def make(settings: dict[str, Any], args: argparse.Namespace, *, space: SearchSpace, folder: Path) -> Proxy:
    """See `search.evaluators.EvaluatorEntry.make`."""
    return Proxy(**settings)

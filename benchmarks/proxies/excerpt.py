"""A proxy on part of a data set, for machines without a GPU."""

from dataclasses import dataclass, replace

import torch
from torch import nn

from search.data.dataset import DataSet
from search.evaluators.proxy import Proxy
from search.training.teacher_files import load_teacher
from search.training.training import Training


@dataclass(frozen=True, kw_only=True)
class Excerpt(Proxy):
    """A proxy on the first images.

    Args:
        count: of the training images, and of the validation images; None uses all.
        teacher: what networks learn from, see `search.training.teacher_files`; empty for the labels alone.
    """

    count: int | None
    teacher: str = ""

    def images(self, input_shape: tuple[int, int, int]) -> DataSet:
        data = super().images(input_shape)
        return replace(data, train=data.train.first(self.count), validation=data.validation.first(self.count))

    def begin(self, net: nn.Module, images: DataSet, seed: int) -> Training:
        if not self.teacher:
            return super().begin(net, images, seed)
        device = torch.device(self.device)
        teacher = load_teacher(self.teacher, images.classes, images.train.preparation, device)
        return Training(net, images.train, recipe=self.recipe, seed=seed, device=device, teacher=teacher)

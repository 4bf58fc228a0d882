"""A proxy on part of a data set, for machines without a GPU."""

from dataclasses import dataclass, replace

import torch

from search.data.dataset import DataSet
from search.evaluators.proxy import Proxy
from search.training.teacher import Teacher
from search.training.teacher_files import load_teacher


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

    def teacher_for(self, images: DataSet) -> Teacher | None:
        if not self.teacher:
            return None
        return load_teacher(self.teacher, images.classes, images.train.preparation, torch.device(self.device))

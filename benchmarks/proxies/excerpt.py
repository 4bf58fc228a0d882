"""A data set cut down to what a machine without a GPU can afford."""

from dataclasses import dataclass, replace

from search.data.dataset import DataSet
from search.evaluators.proxy import Proxy


@dataclass(frozen=True, kw_only=True)
class Excerpt(Proxy):
    """A proxy that trains on the first `count` images of those to train on, and is judged on as many others."""

    count: int | None

    def images(self, input_shape: tuple[int, int, int]) -> DataSet:
        data = super().images(input_shape)
        return replace(data, train=data.train.first(self.count), validation=data.validation.first(self.count))

"""A proxy on part of a data set, for machines without a GPU."""

from dataclasses import dataclass, replace

from search.data.dataset import DataSet
from search.evaluators.proxy import Proxy


@dataclass(frozen=True, kw_only=True)
class Excerpt(Proxy):
    """A proxy that uses the first `count` training images and the first `count` validation images; None uses all."""

    count: int | None

    def images(self, input_shape: tuple[int, int, int]) -> DataSet:
        data = super().images(input_shape)
        return replace(data, train=data.train.first(self.count), validation=data.validation.first(self.count))

"""Images held in memory: as a source, and in batches."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from search.data.preparation import Preparation, fit_shape
from search.data.source import Source
from search.data.split import WHOLE, Inputs, Part, Split, batches_of, drawn_of, draws_of, generator_of, moved
from space.image_sizes import Shape

SAMPLE_BYTES = 2**27
"""So much of a data set is looked at for the mean and deviation of its channels."""


@dataclass(frozen=True, kw_only=True)
class Pixels(Source):
    """Images as arrays.

    Args:
        pixels: uint8 (N, c, h, w).
    """

    pixels: Tensor

    def take(self, index: Tensor) -> "Pixels":
        return replace(self, labels=self.labels[index], pixels=self.pixels[index])

    def content(self) -> bytes:
        return self.pixels.numpy().tobytes()

    def decoded(self, input_shape: Shape, in_memory_bytes: int) -> "Pixels":
        return self

    def moments(self, input_shape: Shape) -> tuple[tuple[float, ...], tuple[float, ...]]:
        count = SAMPLE_BYTES // (4 * math.prod(input_shape))
        sample = fit_shape(self.pixels[:count].float() / 255, input_shape)
        return tuple(sample.mean((0, 2, 3)).tolist()), tuple(sample.std((0, 2, 3)).clamp(min=1e-3).tolist())

    def split(self, preparation: Preparation) -> "Images":
        return Images(pixels=self.pixels, labels=self.labels, preparation=preparation)


@dataclass(frozen=True, kw_only=True)
class Images(Split):
    """Images held in memory, and on every device that asked for them.

    Args:
        pixels: uint8 (N, c, h, w).
        labels: int64 (N,).
        preparation: what is done to every batch.
    """

    pixels: Tensor
    labels: Tensor
    preparation: Preparation
    _copies: dict[torch.device, tuple[Tensor, Tensor]] = field(
        init=False, default_factory=dict, repr=False, compare=False
    )

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, count: int | None) -> "Images":
        return replace(self, pixels=self.pixels[:count], labels=self.labels[:count])

    def drawn(self, count: int) -> "Images":
        index = drawn_of(len(self), count)
        return replace(self, pixels=self.pixels[index], labels=self.labels[index])

    def class_counts(self) -> Tensor:
        return self.labels.bincount()

    def inputs(
        self,
        batch_size: int,
        *,
        device: torch.device,
        seed: int | None = None,
        part: Part = WHOLE,
        mirrored: Tensor | None = None,
    ) -> Inputs:
        """The index of each image, (N,), and of training images the draws, (N, 3), all of an epoch moved at once."""
        generator = generator_of(seed)
        batches = batches_of(len(self), batch_size, generator, part)
        draws = draws_of(batches, self.preparation, generator, part, mirrored)
        return zip(*(_moved(each, device) for each in (batches, draws) if each))

    def prepared(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        index, *draws = inputs
        if index.device not in self._copies:
            self._copies[index.device] = self.pixels.to(index.device), self.labels.to(index.device)
        pixels, labels = self._copies[index.device]
        return self.preparation(pixels[index], *draws or (None,)), labels[index]


def _moved(tensors: Sequence[Tensor], device: torch.device) -> Sequence[Tensor]:
    """To a device, in one copy."""
    return moved(torch.cat([*tensors]), device).split([len(tensor) for tensor in tensors])

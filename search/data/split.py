"""A split: images that come in batches, on the device, normalised and, for training, shuffled and augmented."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from search.data.preparation import WHOLE, Part, Preparation

Batches = Iterator[tuple[Tensor, Tensor]]


class Split(ABC):
    """Images and labels.

    Args:
        preparation: what is done to every batch.
    """

    preparation: Preparation

    @abstractmethod
    def __len__(self) -> int:
        """The number of images."""

    @abstractmethod
    def first(self, count: int | None) -> "Split":
        """The first so many of them; all for None."""

    @abstractmethod
    def stored(
        self, batch_size: int, generator: torch.Generator | None, device: torch.device, part: Part = WHOLE
    ) -> Batches:
        """Stored images, uint8 (N, c, h, w), and labels (N,), on `device`.

        With a generator they are shuffled, and the odd rest is dropped.
        """

    def batches(self, batch_size: int, *, device: torch.device, seed: int | None = None, part: Part = WHOLE) -> Batches:
        """Float images (N, C, H, W) and labels (N,) on `device`.

        With a seed the batches are for training: shuffled, augmented, and an incomplete last one is left out unless
        it is the only one. Without one they are every image once, in order.

        Args:
            batch_size: images of a batch.
            device: where they go.
            seed: of order and augmentation.
            part: with a seed that part of each batch, which it must divide; without one that part of the images.
        """
        generator = None if seed is None else torch.Generator().manual_seed(seed)
        for pixels, labels in self.stored(batch_size, generator, device, part):
            yield self.preparation(pixels, generator, part), labels


def order_of(count: int, generator: torch.Generator | None) -> Tensor:
    """Indices of all images, (count,): shuffled by a generator, or as they are."""
    return torch.arange(count) if generator is None else torch.randperm(count, generator=generator)


def batches_of(order: Tensor, size: int, part: Part, *, training: bool) -> Sequence[Tensor]:
    """The indices of each batch, of those of this part."""
    if not training:
        order = _share(order, part)
        return order.split(size) if len(order) else ()
    chunks = order.split(size)
    chunks = chunks[:-1] if len(chunks) > 1 and len(chunks[-1]) < size else chunks
    return [_share(chunk, part) for chunk in chunks]


def _share(order: Tensor, part: Part) -> Tensor:
    index, count = part
    return order[len(order) * index // count : len(order) * (index + 1) // count]

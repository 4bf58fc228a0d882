"""A split: images that come in batches, on the device, normalised and, for training, shuffled and augmented."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from search.data.catalog import Augmentation
from search.data.preparation import Preparation

Batches = Iterator[tuple[Tensor, Tensor]]
Inputs = Iterator[tuple[Tensor, ...]]
Part = tuple[int, int]
"""Which of how many equal parts."""
WHOLE = (0, 1)


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
    def drawn(self, count: int) -> "Split":
        """So many of them, at random by a fixed seed; all, in another order, where there are no more."""

    @abstractmethod
    def class_counts(self) -> Tensor:
        """(C,) images of each class, up to the last class of which there are any."""

    @abstractmethod
    def inputs(
        self,
        batch_size: int,
        *,
        device: torch.device,
        seed: int | None = None,
        part: Part = WHOLE,
        mirrored: Tensor | None = None,
    ) -> Inputs:
        """Of each batch, what `prepared` makes images and labels of; other arguments as in `batches`.

        Batches of one size have inputs of one shape.

        Args:
            mirrored: (n,) whether each image of the split is, in place of a draw.
        """

    @abstractmethod
    def prepared(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Float images (N, C, H, W) and labels (N,). On a GPU it does not wait, and can be part of a CUDA graph."""

    def batches(self, batch_size: int, *, device: torch.device, seed: int | None = None, part: Part = WHOLE) -> Batches:
        """Float images (N, C, H, W) and labels (N,) on `device`.

        With a seed the batches are for training: shuffled, augmented, and an incomplete last one is left out unless
        it is the only one. Without one they are every image once, in order.

        Args:
            batch_size: images of a batch.
            device: where they go.
            seed: of order and augmentation, which depend neither on the device nor on the parts.
            part: with a seed that part of each batch, which it must divide; without one that part of the images.
        """
        for inputs in self.inputs(batch_size, device=device, seed=seed, part=part):
            yield self.prepared(*inputs)


def drawn_of(total: int, count: int) -> Tensor:
    """The indices of so many of `total` images, see `Split.drawn`."""
    return torch.randperm(total, generator=torch.Generator().manual_seed(0))[:count]


def generator_of(seed: int | None) -> torch.Generator | None:
    """Seeded; None for None."""
    return None if seed is None else torch.Generator().manual_seed(seed)


def batches_of(count: int, size: int, generator: torch.Generator | None, part: Part) -> Sequence[Tensor]:
    """The indices of each batch of `count` images, of those of this part: for training with a generator."""
    if generator is None:
        order = _share(torch.arange(count), part)
        return order.split(size) if len(order) else ()
    chunks = torch.randperm(count, generator=generator).split(size)
    chunks = chunks[:-1] if len(chunks) > 1 and len(chunks[-1]) < size else chunks
    return [_share(chunk, part) for chunk in chunks]


def draws_of(
    batches: Sequence[Tensor],
    preparation: Preparation,
    generator: torch.Generator | None,
    part: Part,
    mirrored: Tensor | None,
) -> Sequence[Tensor]:
    """How the images of this part of each batch are augmented; nothing without a generator or augmentation."""
    if generator is None or preparation.augmentation == Augmentation():
        return ()
    draws = [_share(preparation.draw(len(batch) * part[1], generator), part) for batch in batches]
    if mirrored is not None:
        for batch, drawn in zip(batches, draws):
            drawn[:, 2] = mirrored[batch]
    return draws


def moved(tensor: Tensor, device: torch.device) -> Tensor:
    """On a device; on CUDA nothing waits for it, for which the memory that it comes from has to be pinned."""
    if device.type == "cuda":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def _share(order: Tensor, part: Part) -> Tensor:
    index, count = part
    return order[len(order) * index // count : len(order) * (index + 1) // count]

"""A source: the labelled images of a data set as they were found, before they are split and shaped."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Self

import torch
from torch import Tensor

from search.data.preparation import Preparation
from search.data.split import Split
from search.machine import memory_limit
from space.image_sizes import Shape

IN_MEMORY_BYTES = 2**30
IN_MEMORY_SHARE = 1 / 16
"""Of the memory of a container; each worker holds its own images."""
SEED = 0


@dataclass(frozen=True, kw_only=True)
class Source(ABC):
    """Labelled images.

    Args:
        labels: int64 (N,).
        classes: name of each label.
        notes: what a user should know of them, a line each.
    """

    labels: Tensor
    classes: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @abstractmethod
    def take(self, index: Tensor) -> Self:
        """The images at `index`, (n,)."""

    def without(self, files: tuple[str, ...]) -> Self:
        """The images that are not in these files."""
        return self

    def repeated_in(self, other: "Source", purpose: str) -> tuple[str, ...]:
        """A line that says which of these training images are also in another part, if it is quickly seen.

        Args:
            other: that part.
            purpose: what its images are for, such as ``to judge on``.
        """
        return ()

    @abstractmethod
    def content(self) -> bytes:
        """What tells these images from others."""

    @abstractmethod
    def decoded(self, input_shape: Shape, in_memory_bytes: int) -> "Source":
        """Picture files as pixels, if these take at most so many bytes; else the source as it is."""

    @abstractmethod
    def moments(self, input_shape: Shape) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and standard deviation of each of C channels, in 0..1, of images shaped to (C, H, W)."""

    @abstractmethod
    def split(self, preparation: Preparation) -> Split:
        """The images in batches, prepared."""

    def divided(self, share: float, purpose: str) -> tuple[Self, Self]:
        """The images kept, and a share of them held out; the same ones each time.

        Args:
            share: 0 to 1.
            purpose: what these are held out for; images are drawn anew for another one.
        """
        kept, held = held_out(len(self.labels), round(len(self.labels) * share))
        return self.take(kept), self.take(held)

    @property
    def fingerprint(self) -> str:
        """Hexadecimal digest of the images and labels."""
        return sha256(self.labels.numpy().tobytes() + self.content()).hexdigest()[:16]

    def renumbered(self, classes: tuple[str, ...]) -> Self:
        """The same images with the labels that their classes have among `classes`."""
        numbers = torch.tensor([classes.index(name) for name in self.classes])
        return replace(self, labels=numbers[self.labels], classes=classes)


def most_in_memory() -> int:
    """Picture files that take no more bytes once decoded are decoded once and held in memory."""
    return int(min(IN_MEMORY_BYTES, IN_MEMORY_SHARE * memory_limit()))


def held_out(total: int, count: int) -> tuple[Tensor, Tensor]:
    """Indices of the images kept and of `count` held out, by a fixed seed and each in ascending order."""
    order = torch.randperm(total, generator=torch.Generator().manual_seed(SEED))
    return order[count:].sort().values, order[:count].sort().values

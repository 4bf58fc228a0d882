"""Picture files: as a source."""

import os
from dataclasses import dataclass, replace
from hashlib import file_digest, sha256
from math import ceil, floor

import torch
from torch import Tensor

from search.data.decoding import Files, decoding_workers, loader, unbroken
from search.data.in_memory import Pixels
from search.data.pictures import DECODING, Pictures
from search.data.preparation import Preparation
from search.data.source import Source
from space.image_sizes import Shape

FEW_FILES = 2048
"""One process decodes as many at once."""
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True, kw_only=True)
class PictureFiles(Source):
    """Images in files.

    Args:
        folder: that the paths begin with.
        files: path of each image.
        few: no more than so many are decoded by this process alone.
    """

    folder: str
    files: tuple[str, ...]
    few: int = FEW_FILES

    def take(self, index: Tensor) -> "PictureFiles":
        return replace(self, labels=self.labels[index], files=tuple(self.files[i] for i in index.tolist()))

    def without(self, files: tuple[str, ...]) -> "PictureFiles":
        left_out = set(files)
        return self.take(
            torch.tensor([i for i, path in enumerate(self.files) if path not in left_out], dtype=torch.long)
        )

    def repeated_in(self, other: Source, purpose: str) -> tuple[str, ...]:
        assert isinstance(other, PictureFiles), "two parts of one data set"
        ours = {os.stat(path).st_size: path for path in self.files}
        alike = [path for path in other.files if os.stat(path).st_size in ours]
        sizes = {os.stat(path).st_size for path in alike}
        hashes = {_digest(path): path for path in self.files if os.stat(path).st_size in sizes}
        pairs = [(hashes[digest], path) for path in alike if (digest := _digest(path)) in hashes]
        if not pairs:
            return ()
        return (
            f"{len(pairs):,} of the pictures {purpose} are also among those to train on, such as {pairs[0][1]} and "
            f"{pairs[0][0]}; accuracies will be too high",
        )

    def divided(self, share: float, purpose: str) -> tuple["PictureFiles", "PictureFiles"]:
        """By a hash of each file's name, so that a file that is removed moves no other.

        Of each class about the share is held out: where hashes give less than two thirds of it or more than one and a
        half times as much, the files next in order make up for it. A class of two pictures has one in each part.
        """
        places = torch.tensor([self._place(path, purpose) for path in self.files], dtype=torch.float64)
        held = places < share
        for label in range(len(self.classes)):
            (members,) = (self.labels == label).nonzero(as_tuple=True)
            if len(members) > 1:
                expected = share * len(members)
                least, most = max(1, floor(expected / 1.5)), min(len(members) - 1, ceil(expected * 1.5))
                count = min(max(int(held[members].sum()), least), most)
                held[members] = False
                held[members[places[members].argsort()[:count]]] = True
        return self.take((~held).nonzero().flatten()), self.take(held.nonzero().flatten())

    def _place(self, path: str, purpose: str) -> float:
        """Where the file lies between 0 and 1."""
        name = f"{purpose}/{os.path.relpath(path, self.folder)}"
        return int.from_bytes(sha256(os.fsencode(name)).digest()[:8], "big") / 2**64

    def content(self) -> bytes:
        """How pictures are decoded; names and sizes of the files."""
        sizes = (f"{os.path.relpath(path, self.folder)}:{os.stat(path).st_size};" for path in self.files)
        return os.fsencode(DECODING + "".join(sizes))

    def decoded(self, input_shape: Shape, in_memory_bytes: int) -> "Source":
        channels, height, width = input_shape
        if not self.files or len(self.files) * channels * height * width > in_memory_bytes:
            return self
        batches = loader(
            Pictures(files=self._labelled, input_shape=input_shape),
            sampler=[(index, None) for index in range(len(self.files))],
            batch_size=64,
            num_workers=decoding_workers() if len(self.files) > self.few else 0,
        )
        pixels = torch.cat([images for images, _ in unbroken(batches)])
        return Pixels(pixels=pixels, labels=self.labels, classes=self.classes)

    def moments(self, input_shape: Shape) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """ImageNet's: to measure them would be to decode all."""
        return IMAGENET_MEAN[: input_shape[0]], IMAGENET_STD[: input_shape[0]]

    def split(self, preparation: Preparation) -> "Files":
        return Files(files=self._labelled, preparation=preparation)

    @property
    def _labelled(self) -> tuple[tuple[str, int], ...]:
        return tuple(zip(self.files, self.labels.tolist()))


def _digest(path: str) -> bytes:
    with open(path, "rb") as file:
        return file_digest(file, "sha256").digest()

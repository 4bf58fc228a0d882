"""Picture files: as a source, and in batches that are decoded as they are needed."""

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import file_digest, sha256
from math import ceil, floor
from threading import local
from typing import Any

import torch
from torch import Tensor

from search.data.in_memory import Pixels
from search.data.pictures import DECODING, Broken, Pictures, Wanted, collate, collate_arrays
from search.data.preparation import Preparation
from search.data.source import Source
from search.data.split import WHOLE, Batches, Inputs, Part, Split, batches_of, drawn_of, draws_of, generator_of, moved
from search.machine import own_cores
from space import InputError
from space.image_sizes import Shape

MOST_WORKERS = 8
FEW_FILES = 2048
"""One process decodes as many at once."""
SHARED_MEMORY, SHARED_BYTES = "/dev/shm", 2**30
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
        loader = _loader(
            Pictures(files=self._labelled, input_shape=input_shape),
            sampler=[(index, None) for index in range(len(self.files))],
            batch_size=64,
            num_workers=decoding_workers() if len(self.files) > self.few else 0,
        )
        pixels = torch.cat([images for images, _ in _unbroken(loader)])
        return Pixels(pixels=pixels, labels=self.labels, classes=self.classes)

    def moments(self, input_shape: Shape) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """ImageNet's: to measure them would be to decode all."""
        return IMAGENET_MEAN[: input_shape[0]], IMAGENET_STD[: input_shape[0]]

    def split(self, preparation: Preparation) -> "Files":
        return Files(files=self._labelled, preparation=preparation, workers=decoding_workers())

    @property
    def _labelled(self) -> tuple[tuple[str, int], ...]:
        return tuple(zip(self.files, self.labels.tolist()))


@dataclass(frozen=True, kw_only=True)
class Files(Split):
    """Image files, decoded as they are needed.

    Args:
        files: path and label of each image.
        preparation: what is done to every batch.
        workers: processes that decode for one thread; they stay from one epoch to the next.
    """

    files: tuple[tuple[str, int], ...]
    preparation: Preparation
    workers: int
    _own: local = field(init=False, default_factory=local, repr=False, compare=False)
    """Of each thread, its `decoder`: a loader with processes that stay has one epoch at a time."""

    def __len__(self) -> int:
        return len(self.files)

    def first(self, count: int | None) -> "Files":
        return replace(self, files=self.files[:count])

    def drawn(self, count: int) -> "Files":
        return replace(self, files=tuple(self.files[index] for index in drawn_of(len(self), count).tolist()))

    def class_counts(self) -> Tensor:
        return torch.tensor([label for _, label in self.files]).bincount()

    def inputs(
        self,
        batch_size: int,
        *,
        device: torch.device,
        seed: int | None = None,
        part: Part = WHOLE,
        mirrored: Tensor | None = None,
    ) -> Inputs:
        """Stored images, uint8 (N, c, h, w), labels (N,), and of training images the draws, (N, 3)."""
        generator = generator_of(seed)
        batches = batches_of(len(self), batch_size, generator, part)
        crops = torch.randint(2**62, (len(self),), generator=generator) if generator else None
        draws = draws_of(batches, self.preparation, generator, part, mirrored)
        for inputs in zip(self._decoder.decode(batches, crops), *(draws,) if draws else ()):
            (pixels, labels), *drawn = inputs
            yield tuple(moved(tensor, device) for tensor in (pixels, labels, *drawn))

    def prepared(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        pixels, labels, *draws = inputs
        return self.preparation(pixels, *draws or (None,)), labels

    @property
    def _decoder(self) -> "_Decoder":
        if not hasattr(self._own, "decoder"):
            pictures = Pictures(files=self.files, input_shape=self.preparation.input_shape)
            self._own.decoder = _Decoder(pictures, self.workers)
        return self._own.decoder


class _Epoch:
    """The batches to load next. An object of its own: were it the decoder, it and the loader would hold each other."""

    def __init__(self) -> None:
        self.batches: list[list[Wanted]] = []

    def __iter__(self) -> Iterator[list[Wanted]]:
        return iter(self.batches)


class _Decoder:
    """A loader whose processes stay from one epoch to the next, and end with it."""

    def __init__(self, pictures: Pictures, workers: int) -> None:
        self._epoch = _Epoch()
        self._loader = _loader(
            pictures,
            batch_sampler=self._epoch,
            num_workers=workers,
            persistent_workers=workers > 0,
            generator=torch.Generator(),
        )

    def decode(self, batches: Sequence[Tensor], crops: Tensor | None) -> Batches:
        """The pictures of each batch of indices, cropped by the seeds in `crops`, int64 (N,), or in the centre."""
        self._epoch.batches = [
            list(zip(index.tolist(), [None] * len(index) if crops is None else crops[index].tolist()))
            for index in batches
        ]
        return _unbroken(self._loader)


def _loader(pictures: Pictures, **settings: Any) -> torch.utils.data.DataLoader:
    into_batch = collate if has_shared_memory() else collate_arrays
    return torch.utils.data.DataLoader(pictures, collate_fn=into_batch, **settings)


def _unbroken(loader: torch.utils.data.DataLoader) -> Batches:
    """The batches of a loader. Raises InputError for a picture that cannot be read."""
    for batch in loader:
        if isinstance(batch, Broken):
            raise InputError(f"{batch.path} cannot be read as a picture ({batch.reason}); remove it")
        images, labels = map(torch.as_tensor, batch)
        yield images, labels


def has_shared_memory() -> bool:
    """Whether there is room for the batches of several processes; Docker's usual 64 MiB are too little."""
    try:
        return shutil.disk_usage(SHARED_MEMORY).free >= SHARED_BYTES
    except OSError:
        return True  # other systems keep it elsewhere


def _digest(path: str) -> bytes:
    with open(path, "rb") as file:
        return file_digest(file, "sha256").digest()


def decoding_workers() -> int:
    """Processes that decode picture files beside one training."""
    return min(MOST_WORKERS, own_cores())

"""Picture files in batches, decoded as they are needed, by a few processes."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from threading import local
from typing import Any

import torch
from torch import Tensor

from search.data.pictures import Broken, Pictures, Wanted, collate, collate_arrays
from search.data.preparation import Preparation
from search.data.split import WHOLE, Batches, Inputs, Part, Split, batches_of, drawn_of, draws_of, generator_of, moved
from search.machine import own_cores
from space import InputError

MOST_WORKERS = 8
SHARED_MEMORY, SHARED_BYTES = "/dev/shm", 2**30


@dataclass(frozen=True, kw_only=True)
class Files(Split):
    """Image files, decoded as they are needed.

    Args:
        files: path and label of each image.
        preparation: what is done to every batch.
        workers: processes that decode for one thread, from its first batch on; None for its share of the cores.
    """

    files: tuple[tuple[str, int], ...]
    preparation: Preparation
    workers: int | None = None
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
            self._own.decoder = _Decoder(pictures, decoding_workers() if self.workers is None else self.workers)
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
        self._loader = loader(
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
        return unbroken(self._loader)


def loader(pictures: Pictures, **settings: Any) -> torch.utils.data.DataLoader:
    """Loads batches of pictures; settings as of torch's."""
    into_batch = collate if has_shared_memory() else collate_arrays
    return torch.utils.data.DataLoader(pictures, collate_fn=into_batch, **settings)


def unbroken(batches: torch.utils.data.DataLoader) -> Batches:
    """The batches of a loader. Raises InputError for a picture that cannot be read."""
    for batch in batches:
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


def decoding_workers() -> int:
    """Processes that decode picture files beside one training."""
    return min(MOST_WORKERS, own_cores())

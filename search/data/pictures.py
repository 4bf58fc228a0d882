"""One picture file, decoded."""

from dataclasses import dataclass
from random import Random
from typing import Any

import torch
from torch import Tensor

from mobinet.pictures import Unreadable, as_seen, centre_of, enlarged, opened, resizing
from space.errors import first_line
from space.image_sizes import Shape

DECODING = "2;"
"""Changes when the same file gives other pixels than before."""
Wanted = tuple[int, int | None]
"""The index of a picture, and the seed of its random crop; None for the crop in the centre."""


@dataclass(frozen=True)
class Broken:
    """A picture that cannot be decoded, and why. An exception would leave a worker process as a long text."""

    path: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Pictures(torch.utils.data.Dataset):
    """Picture files as uint8 (C, H, W): the short side resized to 8/7 of H, then a random or a centre crop.

    What an item is depends on its index and seed alone, not on the process that decodes it.

    Args:
        files: path and label of each picture.
        input_shape: (C, H, W).
    """

    files: tuple[tuple[str, int], ...]
    input_shape: Shape

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: Wanted) -> tuple[Tensor, int] | Broken:
        from torchvision.transforms.v2 import functional

        number, seed = index
        path, label = self.files[number]
        _, height, width = self.input_shape
        try:
            if seed is None:
                return centre_of(path, self.input_shape, enlarged(self.input_shape)), label
            with opened(path) as image:
                resized = resizing(self.input_shape[0], enlarged(self.input_shape))(as_seen(image))
            draw = Random(seed).randint
            top, left = draw(0, resized.height - height), draw(0, resized.width - width)
            return functional.pil_to_tensor(functional.crop(resized, top, left, height, width)), label
        except Unreadable as error:
            return Broken(path, first_line(error))


def collate_arrays(items: list[tuple[Tensor, int] | Broken]) -> tuple[Any, Any] | Broken:
    """As arrays of NumPy, which come through a pipe: tensors take shared memory."""
    batch = collate(items)
    return batch if isinstance(batch, Broken) else (batch[0].numpy(), batch[1].numpy())


def collate(items: list[tuple[Tensor, int] | Broken]) -> tuple[Tensor, Tensor] | Broken:
    """A batch, or its first broken picture."""
    good = []
    for item in items:
        if isinstance(item, Broken):
            return item
        good.append(item)
    return torch.utils.data.default_collate(good)

"""One picture file, decoded."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from search.data.preparation import Shape
from space.errors import first_line

if TYPE_CHECKING:
    from PIL import Image

DECODING = "2;"
"""Changes when the same file gives other pixels than before."""
SIXTEEN_BITS = ("PNG", "PPM")
"""Formats whose pictures Pillow may hold as 32-bit integers though they have 16 bits."""
LONGEST = 100
"""Times the short side: the long side of a picture that is used; the short one is scaled to the network's input."""
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

    @cached_property
    def resize(self) -> Any:
        from torchvision.transforms import v2

        channels, height, width = self.input_shape
        colour = v2.Grayscale() if channels == 1 else v2.RGB()
        return v2.Compose([colour, v2.Resize(max(height, width) * 8 // 7)])

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: Wanted) -> tuple[Tensor, int] | Broken:
        from torchvision.transforms.v2 import functional

        number, seed = index
        path, label = self.files[number]
        _, height, width = self.input_shape
        try:
            with opened(path) as image:
                resized = self.resize(as_seen(image))
            if seed is None:
                cropped = functional.center_crop(resized, [height, width])
            else:
                draw = Random(seed).randint
                top, left = draw(0, resized.height - height), draw(0, resized.width - width)
                cropped = functional.crop(resized, top, left, height, width)
            return functional.pil_to_tensor(cropped), label
        except Unreadable as error:
            return Broken(path, first_line(error))


class Unreadable(ValueError):
    """A picture that cannot be decoded."""


@contextmanager
def opened(path: str) -> "Iterator[Image.Image]":
    """A picture file. Raises Unreadable, also for what fails while it is open."""
    from PIL import Image

    warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)  # comes far below the limit
    try:
        with Image.open(path) as image:
            if max(image.size) > LONGEST * min(image.size):
                width, height = image.size
                raise ValueError(f"{width:,} x {height:,} pixels are too long and thin; cut it")
            yield image
    except Image.DecompressionBombError:
        most = 2 * (Image.MAX_IMAGE_PIXELS or 0)
        raise Unreadable(f"it has more than {most:,} pixels; make it smaller") from None
    except Exception as error:  # each format has its own where a file is damaged
        raise Unreadable(first_line(error)) from None


def as_seen(image: "Image.Image") -> "Image.Image":
    """A picture's first frame in 8-bit RGB: upright, on white where it is transparent, 16 bits scaled to 8.

    Raises:
        ValueError: its values have no range that is known.
    """
    from PIL import Image, ImageOps

    if image.mode == "F" or (image.mode == "I" and image.format not in SIXTEEN_BITS):
        raise ValueError(f"its values are {'floats' if image.mode == 'F' else '32-bit integers'}; save it with 8 bits")
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):
        scaled = np.rint(np.asarray(image, np.float64) / 257)
        return Image.fromarray(scaled.astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen).convert("RGB")
    return image.convert("RGB")


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

"""Picture files as a network sees them."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from space.errors import first_line

if TYPE_CHECKING:
    from PIL import Image

SIXTEEN_BITS = ("PNG", "PPM")
"""Formats whose pictures Pillow may hold as 32-bit integers though they have 16 bits."""
LONGEST = 100
"""Times the short side: the long side of a picture that is used; the short one is scaled to the network's input."""


class Unreadable(ValueError):
    """A picture that cannot be decoded."""


@contextmanager
def opened(path: str) -> "Iterator[Image.Image]":
    """A picture file. Raises Unreadable, also for what fails while it is open."""
    from PIL import Image

    try:
        with _unwarned(path) as image:
            if max(image.size) > LONGEST * min(image.size):
                width, height = image.size
                raise ValueError(f"{width:,} x {height:,} pixels are too long and thin; cut it")
            yield image
    except Image.DecompressionBombError:
        most = 2 * (Image.MAX_IMAGE_PIXELS or 0)
        raise Unreadable(f"it has more than {most:,} pixels; make it smaller") from None
    except IsADirectoryError:
        raise Unreadable("it is a folder; name the pictures in it") from None
    except FileNotFoundError:
        raise Unreadable("there is no such file") from None
    except Exception as error:  # each format has its own where a file is damaged
        raise Unreadable(first_line(error)) from None


def _unwarned(path: str) -> "Image.Image":
    """A file opened, without a warning that it is large, which comes far below the limit."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        return Image.open(path)


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


def enlarged(input_shape: tuple[int, int, int]) -> int:
    """The short side of a picture of which (C, H, W) is cropped: 8/7 of the crop."""
    return max(input_shape[1:]) * 8 // 7


@cache
def resizing(channels: int, short_side: int) -> Any:
    """What brings a picture to so many colours, and its short side to so many pixels."""
    from torchvision.transforms import v2

    return v2.Compose([v2.Grayscale() if channels == 1 else v2.RGB(), v2.Resize(short_side)])


def centre_of(path: str, input_shape: tuple[int, int, int], short_side: int) -> Tensor:
    """A picture file resized, then cropped in the centre; uint8 (C, H, W). Raises Unreadable.

    Args:
        input_shape: (C, H, W).
        short_side: in pixels, before the crop.
    """
    from torchvision.transforms.v2 import functional

    with opened(path) as image:
        resized = resizing(input_shape[0], short_side)(as_seen(image))
    return functional.pil_to_tensor(functional.center_crop(resized, list(input_shape[1:])))

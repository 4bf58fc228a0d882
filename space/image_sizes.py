"""Backbones for square images of any size: ``NAME-SIZE``, and ``NAME-SIZE-grey`` for images of one channel."""

import re
from collections.abc import Mapping

Shape = tuple[int, int, int]
"""(C, H, W) of one image."""

SIZES = range(8, 1025)
"""Pixels of the side of an image."""
STRIDE_FROM = 64
"""Pixels from which on a stem makes maps smaller; below, it keeps all pixels."""


def shape_called(name: str, family: str) -> Shape | None:
    """The images of the backbone `name`; None where it is no such name of `family`."""
    found = re.fullmatch(rf"{family}-([1-9]\d{{0,3}})(-grey|-colour)?", name)
    if not found or int(found[1]) not in SIZES:
        return None
    return (1 if found[2] == "-grey" else 3, int(found[1]), int(found[1]))


def name_of(shape: Shape, family: str, listed: Mapping[str, Shape]) -> str | None:
    """The backbone for such images, if they are square, in grey or colour, and of a size that there is.

    ``-colour`` ends the name where the plain one means a backbone for grey images, one of those `listed`.
    """
    channels, height, width = shape
    if height != width or height not in SIZES or channels not in (1, 3):
        return None
    plain = f"{family}-{height}"
    if channels == 1:
        return f"{plain}-grey"
    return plain if listed.get(plain, shape) == shape else f"{plain}-colour"


def is_large(shape: Shape) -> bool:
    """Whether a stem makes maps of such images smaller."""
    return shape[1] >= STRIDE_FROM

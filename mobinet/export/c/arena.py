"""Where values lie in memory, planned ahead."""

from dataclasses import dataclass

from mobinet.export.c.pieces import Piece
from mobinet.export.steps import BinaryConv, Conv, Shape

ALIGNMENT = 16
"""Floats."""
AT_ONCE = 4
"""Pixels of a 1x1 convolution, as in kernels.h."""


@dataclass
class Buffer:
    """Memory of values that follow each other in one place.

    Args:
        size: floats.
        born: number of the piece that fills it first.
        dies: of the last one that reads it.
        offset: where it lies, in floats.
    """

    size: int
    born: int
    dies: int
    offset: int = 0

    def lives_beside(self, other: "Buffer") -> bool:
        return self.born <= other.dies and other.born <= self.dies


@dataclass(frozen=True, kw_only=True)
class Arena:
    """The plan.

    Args:
        offsets: of each value but the image and the scores, in floats.
        size: of all, in floats.
    """

    offsets: dict[int, int]
    size: int


def arena_of(pieces: list[Piece], shapes: list[Shape]) -> Arena:
    """A place for each value between the image and the scores; results overwrite what nothing reads any more.

    The largest buffers are placed first, each at the lowest place that is free as long as it lives.
    """
    last_read = {number: at for at, piece in enumerate(pieces) for number in piece.reads()}
    buffers: dict[int, Buffer] = {}
    for at, piece in enumerate(pieces[:-1]):
        height, width, channels = piece.shape
        dying = [n for n in sorted(piece.in_place_of(shapes)) if n in buffers and last_read[n] == at]
        if dying:
            buffer = buffers[dying[0]]
            buffer.dies = last_read[piece.result]
        else:
            size = -(-height * width * channels // ALIGNMENT) * ALIGNMENT
            buffer = Buffer(size=size, born=at, dies=last_read[piece.result])
        buffers[piece.result] = buffer
    placed: list[Buffer] = []
    for buffer in sorted({id(buffer): buffer for buffer in buffers.values()}.values(), key=lambda b: -b.size):
        for neighbour in sorted(placed, key=lambda b: b.offset):
            if buffer.lives_beside(neighbour) and buffer.offset + buffer.size > neighbour.offset:
                buffer.offset = max(buffer.offset, neighbour.offset + neighbour.size)
        placed.append(buffer)
    size = max((buffer.offset + buffer.size for buffer in placed), default=0)
    return Arena(offsets={number: buffer.offset for number, buffer in buffers.items()}, size=size)


def scratch_of(piece: Piece, shapes: list[Shape]) -> int:
    """Words of 32 bits that the kernels need beside the values."""
    step = piece.head
    if not isinstance(step, Conv | BinaryConv):
        return 0
    (_, width, channels), (_, out_width, filters), size = shapes[piece.value], step.shape, step.window.size
    if isinstance(step, Conv):
        return (size * width * channels if piece.image else 0) + out_width * filters
    border = step.window.padding if step.low_border else 0
    if size == step.window.stride == 1 and not step.window.padding:
        width = out_width = AT_ONCE
    words, lanes = -(-channels // 32), -(-filters // 32)
    row = (width + 2 * border) * (words if step.in_words else channels // step.groups * lanes)
    bits = 0 if step.in_words else width * words
    return out_width * lanes * 16 + (size + bool(border)) * row + bits

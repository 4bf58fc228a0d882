"""In which order rows are made, and of which of them memory has to hold at a time.

The first pieces of a network, whose maps are large, are executed together: each makes its next row as soon as the rows
that it reads are there, and of a map only these are kept. The others are executed one after the other.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from mobinet.export.c.pieces import Piece
from mobinet.export.steps import BinaryConv, Linear, Mean, Shape, Window

AT_ONCE = 16
"""Pixels of a 1x1 convolution that is executed alone: it takes the image as rows of so many."""
POINT = Window(size=1)
Place = TypeVar("Place")


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A piece that makes its result row by row.

    Args:
        source: (rows, width, channels) of what it reads.
        shape: of its result.
        pixels: of both, where the last row is not full; None if all are.
        window: on the source.
        before: numbers of the stages, of those that are executed together, that make what it reads: its value and its
            other one; None where that is there.
    """

    piece: Piece
    source: Shape
    shape: Shape
    pixels: int | None
    window: Window
    before: tuple[int | None, int | None] = (None, None)

    def rows_needed(self, row: int) -> int:
        """How many of its source, for so many of its own and one more."""
        window = self.window
        return min(self.source[0], row * window.stride - window.padding + window.size)

    def oldest_needed(self, row: int) -> int:
        """Of its source, once so many of its own are made; a binary convolution packs what it reads at once."""
        if isinstance(self.piece.head, BinaryConv) or self.piece.image:
            return self.rows_needed(row - 1) if row else 0
        return max(0, row * self.window.stride - self.window.padding)


def has_rows(piece: Piece) -> bool:
    return not isinstance(piece.head, Mean | Linear)


def stages_of(pieces: list[Piece], shapes: list[Shape]) -> list[Stage]:
    """Of pieces that are executed together."""
    makers = {piece.result: number for number, piece in enumerate(pieces)}
    stages = []
    for piece in pieces:
        source, shape, pixels = shapes[piece.value], piece.shape, None
        window = getattr(piece.head, "window", POINT)
        point = window.size == window.stride == 1 and window.padding == 0
        if len(pieces) == 1 and isinstance(piece.head, BinaryConv) and point:
            pixels = source[0] * source[1]
            rows = -(-pixels // AT_ONCE)
            source, shape = (rows, AT_ONCE, source[2]), (rows, AT_ONCE, shape[2])
        before = makers.get(piece.value), makers.get(piece.other) if piece.other is not None else None
        stages.append(Stage(piece=piece, source=source, shape=shape, pixels=pixels, window=window, before=before))
    return stages


def order_of(stages: list[Stage]) -> Iterator[int]:
    """Numbers of the stages, each time one makes a row; as `run` in kernels.h."""
    ready = [0] * len(stages)
    for target in reversed(range(len(stages))):
        while ready[target] < stages[target].shape[0]:
            number, missing = target, _missing(stages, target, ready)
            while missing is not None:
                number, missing = missing, _missing(stages, missing, ready)
            ready[number] += 1
            yield number


def _missing(stages: list[Stage], number: int, ready: list[int]) -> int | None:
    """The stage that has to make a row before this one can."""
    stage, (value, other) = stages[number], stages[number].before
    if value is not None and ready[value] < stage.rows_needed(ready[number]):
        return value
    if other is not None and ready[other] <= ready[number]:
        return other
    return None


def rows_held(stages: list[Stage], later: set[int], places: dict[int, Place]) -> dict[Place, int]:
    """How many rows each place must hold.

    Args:
        later: values that are read after these stages.
        places: of each value that they make; several may share one.
    """
    readers: dict[int, list[tuple[int, bool]]] = defaultdict(list)
    makers, sharing = {}, defaultdict(list)
    for number, stage in enumerate(stages):
        readers[stage.piece.value].append((number, True))
        if stage.piece.other is not None:
            readers[stage.piece.other].append((number, False))
        makers[stage.piece.result] = number
        sharing[places[stage.piece.result]].append(stage.piece.result)
    ready, held = [0] * len(stages), defaultdict(int)

    def oldest(value: int) -> int:
        needed = [0] if value in later else []
        needed += [stages[n].oldest_needed(ready[n]) if first else ready[n] for n, first in readers[value]]
        return min(needed)

    for number in order_of(stages):
        ready[number] += 1
        place = places[stages[number].piece.result]
        values = sharing[place]
        newest = max(ready[makers[value]] for value in values)
        held[place] = max(held[place], newest - min(oldest(value) for value in values if ready[makers[value]]))
    return held

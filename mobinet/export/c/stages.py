"""In which order rows are made, and of which of them memory has to hold at a time.

The first pieces of a network, whose maps are large, are executed together: each makes its next row as soon as the rows
that it reads are there, and of a map only these are kept. The others are executed one after the other.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TypeVar

from mobinet.export.pieces import Piece
from mobinet.export.steps import BinaryConv, Conv, Linear, Mean, Shape, Window

AT_ONCE = 16
"""Pixels of a 1x1 convolution that is executed alone: it takes the image as rows of so many."""
POINT = Window(size=1)

Place = TypeVar("Place", bound=Hashable)


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """Which rows a stage reads for which of its own.

    Args:
        source_rows, rows: of what it reads, and of its result.
        size, stride, padding: of its window.
        packs: whether it keeps what it has read, packed, so that it reads each row once.
        before: numbers of the stages, of those that are executed together, that make what it reads: its value and its
            other one; None where that is there.
    """

    source_rows: int
    rows: int
    size: int
    stride: int
    padding: int
    packs: bool
    before: tuple[int | None, int | None]

    def rows_needed(self, row: int) -> int:
        """How many rows of its source it must have read before it can make this row of its own."""
        return min(self.source_rows, row * self.stride - self.padding + self.size)

    def oldest_needed(self, row: int) -> int:
        """The first row of its source that it still reads, once it has made all of its own before `row`."""
        if self.packs:
            return self.rows_needed(row - 1) if row else 0
        return max(0, row * self.stride - self.padding)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A piece that makes its result row by row.

    Args:
        source: (rows, width, channels) of what it reads.
        shape: of its result.
        pixels: of both, where the last row is not full; None if all are.
        window: on the source.
        before: see `Rhythm`.
    """

    piece: Piece
    source: Shape
    shape: Shape
    pixels: int | None
    window: Window
    before: tuple[int | None, int | None]

    @property
    def packs(self) -> bool:
        """Whether it keeps what it has read in a form of its own."""
        match self.piece.head:
            case BinaryConv():
                return True
            case Conv():
                return self.piece.half or self.piece.image is not None
        return False

    @cached_property
    def rhythm(self) -> Rhythm:
        return Rhythm(
            source_rows=self.source[0],
            rows=self.shape[0],
            size=self.window.size,
            stride=self.window.stride,
            padding=self.window.padding,
            packs=self.packs,
            before=self.before,
        )


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


@lru_cache
def order_of(rhythms: tuple[Rhythm, ...]) -> tuple[int, ...]:
    """Numbers of the stages, each time one makes a row; as `run` in kernels.h."""
    ready, order = [0] * len(rhythms), []

    def make_row(number: int) -> None:
        """After the rows that it reads."""
        rhythm, row = rhythms[number], ready[number]
        value, other = rhythm.before
        while value is not None and ready[value] < rhythm.rows_needed(row):
            make_row(value)
        while other is not None and ready[other] <= row:
            make_row(other)
        ready[number] += 1
        order.append(number)

    for target in reversed(range(len(rhythms))):
        while ready[target] < rhythms[target].rows:
            make_row(target)
    return tuple(order)


def spoiling(stages: list[Stage]) -> frozenset[tuple[int, int]]:
    """Pairs of values: in the place of the first, the second would overwrite rows that another stage still reads."""
    pairs = _spoiling(tuple(stage.rhythm for stage in stages))
    return frozenset((stages[made].piece.result, stages[number].piece.result) for made, number in pairs)


@lru_cache(maxsize=10_000)
def _spoiling(rhythms: tuple[Rhythm, ...]) -> frozenset[tuple[int, int]]:
    readers, ready, found = _readers(rhythms), [0] * len(rhythms), set()
    for number in order_of(rhythms):
        for made in rhythms[number].before:
            for reader, first in readers[made] if made is not None else ():
                done, rhythm = ready[reader], rhythms[reader]
                oldest = rhythm.oldest_needed(done) if first else done
                if reader != number and done < rhythm.rows and oldest <= ready[number]:
                    found.add((made, number))
        ready[number] += 1
    return frozenset(found)


def _readers(rhythms: tuple[Rhythm, ...]) -> list[list[tuple[int, bool]]]:
    """Of the result of each stage: numbers of the stages that read it, and whether as their value."""
    readers: list[list[tuple[int, bool]]] = [[] for _ in rhythms]
    for number, rhythm in enumerate(rhythms):
        for made, first in zip(rhythm.before, (True, False)):
            if made is not None:
                readers[made].append((number, first))
    return readers


def rows_held(stages: list[Stage], later: set[int], places: dict[int, Place]) -> dict[Place, int]:
    """How many rows each place must hold.

    Args:
        later: values that are read after these stages.
        places: of each value that they make; several may share one.
    """
    results = [stage.piece.result for stage in stages]
    numbers = {place: number for number, place in enumerate(dict.fromkeys(places[result] for result in results))}
    held = _rows_held(
        tuple(stage.rhythm for stage in stages),
        tuple(result in later for result in results),
        tuple(numbers[places[result]] for result in results),
    )
    return dict(zip(numbers, held))


@lru_cache(maxsize=10_000)
def _rows_held(rhythms: tuple[Rhythm, ...], kept: tuple[bool, ...], places: tuple[int, ...]) -> list[int]:
    """By place; `kept` are those that are read later, too."""
    readers = _readers(rhythms)
    sharing: list[list[int]] = [[] for _ in rhythms]
    for number, place in enumerate(places):
        sharing[place].append(number)
    ready, held = [0] * len(rhythms), [1] * (max(places) + 1)

    def oldest_of(maker: int) -> int:
        needed = [0] if kept[maker] else []
        needed += [rhythms[n].oldest_needed(ready[n]) if first else ready[n] for n, first in readers[maker]]
        return min(needed)

    oldest = [oldest_of(maker) for maker in range(len(rhythms))]
    for number in order_of(rhythms):
        ready[number] += 1
        for maker in rhythms[number].before:
            if maker is not None:
                oldest[maker] = oldest_of(maker)
        place = places[number]
        begun = [maker for maker in sharing[place] if ready[maker]]
        held[place] = max(held[place], max(ready[maker] for maker in begun) - min(oldest[maker] for maker in begun))
    return held

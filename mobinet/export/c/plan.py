"""Where values lie in memory, planned ahead."""

from bisect import insort
from dataclasses import dataclass

from mobinet.export.c.stages import Stage, has_rows, rows_held, spoiling, stages_of
from mobinet.export.pieces import Piece
from mobinet.export.steps import BinaryConv, Conv, Linear, Mean, Pool, Shape

ALIGNMENT = 16
"""Floats."""
SMALL = 4096
"""Floats."""


@dataclass(eq=False)
class Buffer:
    """Memory of values that follow each other in one place.

    Args:
        size: floats.
        born: number of the run that fills it first.
        dies: of the last one that reads it.
        rows: that it holds of a value, before the next one takes the place of the first.
        offset: where it lies, in floats.
    """

    size: int
    born: int
    dies: int
    rows: int = 0
    offset: int = 0

    def lives_beside(self, other: "Buffer") -> bool:
        return self.born <= other.dies and other.born <= self.dies


@dataclass(frozen=True, kw_only=True)
class Plan:
    """In which order a network is executed, and where.

    Args:
        runs: the pieces that are executed together, then each alone.
        values: the place of each value but the image and the scores.
        own: of what each convolution keeps of the rows it has read, by its result.
        scratch: from here on, in floats, each convolution may use what lies there while it makes a row.
        size: of all, in floats.
    """

    runs: list[list[Stage]]
    values: dict[int, Buffer]
    own: dict[int, Buffer]
    scratch: int
    size: int


def plan_of(pieces: list[Piece], shapes: list[Shape], together: int | None = None) -> Plan:
    """The plan of the least memory: how many of the first pieces are executed `together` is tried out, if not given.

    Where each alone takes no more than `SMALL`, that is done: it is quicker for small maps.
    """
    each = [stages_of([piece], shapes) for piece in pieces]
    alone = _plan(pieces, shapes, each, together or 1)
    if together or alone.size <= SMALL:
        return alone
    rows = next((number for number, piece in enumerate(pieces) if not has_rows(piece)), len(pieces))
    ends = [n for n in range(2, rows + 1) if n == rows or pieces[n - 1].shape[0] < pieces[n - 2].shape[0]]
    return min([alone, *(_plan(pieces, shapes, each, end) for end in ends)], key=lambda plan: plan.size)


def _plan(pieces: list[Piece], shapes: list[Shape], each: list[list[Stage]], together: int) -> Plan:
    """The plan with the first pieces `together`; the stages of `each` piece alone are the same in all plans."""
    runs = [stages_of(pieces[:together], shapes), *each[together:]]
    run_of = {stage.piece.result: number for number, run in enumerate(runs) for stage in run}
    last_reader = {value: piece for piece in pieces for value in piece.reads()}
    values: dict[int, Buffer] = {}
    own: dict[int, Buffer] = {}
    spoilt = spoiling(runs[0]) if together > 1 else frozenset()
    for number, run in enumerate(runs):
        for stage in run:
            piece = stage.piece
            if words := own_words(stage):
                own[piece.result] = Buffer(size=words, born=number, dies=number)
            if piece is pieces[-1]:
                continue
            height, width, channels = piece.shape
            row = -(-width * channels // 2) if piece.half else width * channels
            buffer = Buffer(size=height * row, born=number, dies=number, rows=height)
            for value in sorted(piece.in_place_of(shapes) & values.keys()):
                alike = len(run) == 1 or (shapes[value] == piece.shape and (value, piece.result) not in spoilt)
                if last_reader[value] is piece and alike:
                    buffer = values[value]
            buffer.dies = run_of[last_reader[piece.result].result]
            values[piece.result] = buffer
    if together > 1:
        later = {value for piece in pieces[together:] for value in piece.reads()}
        for buffer, rows in rows_held(runs[0], later, values).items():
            buffer.size, buffer.rows = buffer.size // buffer.rows * rows, rows
    size = _place(list(dict.fromkeys([*values.values(), *own.values()])))
    scratch = max(scratch_words(stage) for run in runs for stage in run)
    return Plan(runs=runs, values=values, own=own, scratch=size, size=size + scratch)


def _place(buffers: list[Buffer]) -> int:
    """Give each buffer the lowest place that is free as long as it lives, the largest first; the size of all."""
    placed: list[Buffer] = []
    for buffer in sorted(buffers, key=lambda buffer: -buffer.size):
        for neighbour in placed:
            if buffer.lives_beside(neighbour) and buffer.offset + buffer.size > neighbour.offset:
                end = neighbour.offset + neighbour.size
                buffer.offset = max(buffer.offset, -(-end // ALIGNMENT) * ALIGNMENT)
        insort(placed, buffer, key=lambda buffer: buffer.offset)
    return max((-(-(buffer.offset + buffer.size) // ALIGNMENT) * ALIGNMENT for buffer in placed), default=0)


def pixel_words(stage: Stage) -> int:
    """How many words of 32 bits the activations of one pixel take in binary.h; in lanes, those of one input channel."""
    step = stage.piece.head
    assert isinstance(step, BinaryConv)
    return -(-(stage.source[2] if step.in_words else stage.shape[2]) // 32)


def row_words(stage: Stage) -> int:
    """How many words of 32 bits the activations of one row take in binary.h; of narrow words, in lanes."""
    step = stage.piece.head
    assert isinstance(step, BinaryConv)
    return (stage.source[1] + 2 * border_of(step)) * pixel_words(stage) * (1 if step.in_words else step.signs.shape[2])


def border_of(step: BinaryConv) -> int:
    """Pixels of the lower value around the image."""
    return step.window.padding if step.low_border or step.low == 0 else 0


def own_words(stage: Stage) -> int:
    """How many words of 32 bits a convolution needs to keep the rows that it has read."""
    size, (_, width, channels) = stage.window.size, stage.source
    match stage.piece.head:
        case BinaryConv() as step:
            return (size + bool(border_of(step))) * row_words(stage)
        case Conv() if stage.packs:
            return size * width * channels
    return 0


def scratch_words(stage: Stage) -> int:
    """How many words of 32 bits a stage needs while it makes a row: for its sums and, in lanes, for a row of bits."""
    (_, width, channels), (_, out_width, filters) = stage.source, stage.shape
    match stage.piece.head:
        case BinaryConv() as step:
            return out_width * -(-filters // 32) * 16 + (0 if step.in_words else width * -(-channels // 32))
        case Conv():
            return out_width * filters
        case Pool() | Mean() | Linear() if stage.piece.half:
            return filters
    return 0

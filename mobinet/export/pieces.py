"""Steps that are executed in one pass over memory, as pieces."""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from mobinet.export.steps import Add, Affine, Bend, BinaryConv, Conv, Pool, PReLU, Program, Shape, Shift, Step, Window

Elementwise = Affine | Bend | Shift | PReLU | Add


@dataclass(frozen=True, kw_only=True, eq=False)
class Piece:
    """A step and the elementwise ones that follow it on each row.

    Args:
        head: the step; None where a piece is elementwise from the first on.
        finish: what follows it.
        value: number of what the head reads, or of the image.
        other: of what the `Add` among `finish`, or the head, reads besides.
        result: of what it leaves.
        shape: of that.
        image: for a convolution of the image, by which it is normalized.
        half: whether values are stored in half precision.
    """

    head: Step | None
    finish: tuple[Elementwise, ...] = ()
    value: int
    other: int | None = None
    result: int
    shape: Shape
    image: Affine | None = None
    half: bool = False

    def reads(self) -> set[int]:
        return {self.value} | ({self.other} if self.other is not None else set())

    def in_place_of(self, shapes: list[Shape]) -> set[int]:
        """What it may overwrite with its result: each place is read before it is written."""
        same = {number for number in self.reads() if shapes[number] == self.shape}
        match self.head:
            case None:
                return same
            case BinaryConv(window=window):
                return same if window.stride == 1 else same - {self.value}
            case Conv():
                return same - {self.value}
            case Pool(window=window) if window.padding == 0 and window.size == window.stride:
                return {self.value}
        return set()


def pieces_of(program: Program) -> list[Piece]:
    """The steps after the normalization of the image, fused.

    A float convolution normalizes the rows of the image that it reads. Where another step reads the image too, the
    first piece writes the normalized image to memory: a 1x1 convolution with weights of 1.
    """
    uses = Counter(number for step in program.steps for number in step.inputs)
    normalize, *steps = program.steps
    assert isinstance(normalize, Affine) and normalize.inputs == (0,)
    pieces: list[Piece] = []
    copied = any(1 in step.inputs and not isinstance(step, Conv) for step in steps)
    if copied:
        pieces.append(Piece(head=_copy(normalize.shape), value=0, result=1, shape=normalize.shape, image=normalize))
    for number, step in enumerate(steps, 2):
        value, *others = step.inputs
        other = others[0] if others else None
        last = pieces[-1] if pieces else None
        if not isinstance(step, Elementwise):
            image = normalize if value == 1 and not copied else None
            pieces.append(Piece(head=step, value=value, other=other, result=number, shape=step.shape, image=image))
        elif last and last.result == value and uses[value] == 1 and _continues(last, other):
            finish, other = (*last.finish, step), last.other if other is None else other
            pieces[-1] = replace(last, finish=finish, other=other, result=number)
        else:
            pieces.append(Piece(head=None, finish=(step,), value=value, other=other, result=number, shape=step.shape))
    return [replace(piece, half=bool(program.halves)) for piece in pieces]


def _copy(shape: Shape) -> Conv:
    """A convolution that leaves its values as they are."""
    ones = np.ones((1, 1, 1, shape[2]), np.float32)
    return Conv(inputs=(0,), shape=shape, weight=ones, window=Window(size=1), groups=shape[2])


def stored_as(program: Program, stream: str) -> Program:
    """The program with the values between its pieces stored as `stream`, one of `mobinet.export.STREAMS`."""
    stored = {piece.result for piece in pieces_of(program)[:-1]}
    return replace(program, halves=frozenset(stored if stream == "float16" else ()))


def _continues(piece: Piece, other: int | None) -> bool:
    """Whether another elementwise step can follow; one that adds `other`, if that is given."""
    return isinstance(piece.head, Conv | BinaryConv | None) and (other is None or piece.other is None)

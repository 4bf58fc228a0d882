"""A trained network as a list of steps with folded constants: the one order of operations that every export follows.

Values are float32 (H, W, C). Each float operation is rounded to float32 by itself, in the order that the steps state;
nothing is contracted. Batch norms and scales are folded in float64 and rounded once.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
"""float64 as translated, float32 once folded."""
Bits = NDArray[np.bool_]
Shape = tuple[int, int, int]
"""(H, W, C)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """One operation.

    Args:
        inputs: numbers of the values it reads: 0 is the image, n the result of the n-th step.
        shape: of its result.
    """

    inputs: tuple[int, ...]
    shape: Shape


@dataclass(frozen=True, kw_only=True, eq=False)
class Window:
    """Where a window of a convolution or a pooling lies: `size` x `size`, every `stride` pixels, from -`padding` on.

    The last one reaches `beyond` the image where that leaves no pixel out.
    """

    size: int
    stride: int = 1
    padding: int = 0
    beyond: bool = False

    def out(self, length: int) -> int:
        """How many there are along so many pixels."""
        more = self.stride - 1 if self.beyond else 0
        return (length + 2 * self.padding - self.size + more) // self.stride + 1

    def shape_after(self, shape: Shape, channels: int) -> Shape:
        """The shape of a result of so many channels, from the shape of the value that the windows lie on."""
        height, width, _ = shape
        return self.out(height), self.out(width), channels


@dataclass(frozen=True, kw_only=True, eq=False)
class Conv(Step):
    """A float convolution: from 0, x * w is added tap by tap (row, column), in each tap channel by channel of a group.

    Taps outside the image are left out.

    Args:
        weight: (kH, kW, I / groups, O).
        window: of `kH` = `kW`.
        groups: of channels.
    """

    weight: Floats
    window: Window
    groups: int = 1


@dataclass(frozen=True, kw_only=True, eq=False)
class BinaryConv(Step):
    """A whole number: the sum over a window of bits times signs.

    A bit is 1 where x >= `threshold`, else `low`. Outside the image it is `low` where the border is low, else 0.

    Args:
        signs: (kH, kW, I / groups, O); true is +1, false -1.
        threshold: (I,).
        low: -1 or 0.
        low_border: see above.
        window, groups: as of `Conv`.
    """

    signs: Bits
    threshold: Floats
    low: int
    low_border: bool
    window: Window
    groups: int

    @property
    def in_words(self) -> bool:
        """Whether the inputs of a filter fill whole words of 32 bits; kernels count these in words, others in lanes."""
        members, filters = self.signs.shape[2], self.signs.shape[3] // self.groups
        return self.groups == 1 or (members % 32 == 0 and filters % 16 == 0)

    @property
    def narrow(self) -> int:
        """Where this is not so: bits of the words, 16 or 8, that the inputs of a filter fill; 0 if they do not.

        Kernels for machines that count the ones of such words use them in place of lanes. A sum fits in a word.
        """
        size, _, members, filters = self.signs.shape
        fits = members in (8, 16) and filters == members * self.groups and filters % 32 == 0
        return members if fits and size * size * members < 1 << members else 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Affine(Step):
    """x * scale + offset, both (C,)."""

    scale: Floats
    offset: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class Bend(Step):
    """x * slope + offset, both from `above` where x > `limit` (C,), else from `below`; these are (2, C)."""

    limit: Floats
    above: Floats
    below: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class Shift(Step):
    """x + offset, (C,)."""

    offset: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class PReLU(Step):
    """x where x > 0, else slope * x; (C,). ReLU has the slope 0."""

    slope: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class Add(Step):
    """x + y, where y has the channels of x from `first` on, or they are repeated: channel c of x meets c % C of y."""

    first: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Concat(Step):
    """The channels of x, then those of y."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pool(Step):
    """Of each window, the largest or smallest value, or the sum in the order (row, column), divided by their number.

    Pixels outside the image are left out. Where a later value is not larger (smaller), the earlier one stays.
    """

    kind: str
    window: Window


@dataclass(frozen=True, kw_only=True, eq=False)
class Mean(Step):
    """Over all pixels, summed in the order (row, column) from 0, divided by their number: (1, 1, C)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Shuffle(Step):
    """Channel c comes from (c % groups) * (C / groups) + c // groups."""

    groups: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Linear(Step):
    """From 0, x * w is added feature by feature (row, column, channel), then the bias: (1, 1, O).

    Args:
        weight: (H * W * C, O).
        bias: (O,).
    """

    weight: Floats
    bias: Floats


@dataclass
class Program:
    """Steps, one behind the other.

    Args:
        shapes: of the image, then of each result.
        halves: numbers of the values that are rounded to half precision: to the nearest, of two the even one; beyond
            the largest, 65504, to that.
    """

    shapes: list[Shape]
    steps: list[Step] = field(default_factory=list)
    halves: frozenset[int] = frozenset()

    def add(self, step: Step) -> int:
        """Append a step; returns the number of its result."""
        self.steps.append(step)
        self.shapes.append(step.shape)
        return len(self.steps)

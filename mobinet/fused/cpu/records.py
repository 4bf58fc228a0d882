"""What the CPU's kernels hand to each other, by name.

Inside kernels these cost nothing. A call from Python takes plain tuples, which Numba tells apart three times as fast
as named ones: `team.share` makes them plain and `passes` names them again.
"""

from typing import NamedTuple

from numpy import ndarray

from mobinet.fused.spec import Pieces


class Slots(NamedTuple):
    """Which part of a batch is a thread's: of so many threads, each takes every so manieth slot.

    edges: (slots + 1,), the images where slots begin and end.
    """

    thread: int
    threads: int
    edges: ndarray


class Signed(NamedTuple):
    """A unit's input, x (N, H, W, I), and how it becomes signs: 1 where x >= shift, (I,), else low; see `Surrogate`."""

    x: ndarray
    shift: ndarray
    low: float
    surrogate: Pieces


class Output(NamedTuple):
    """A convolution's output in whole numbers, y (N, H, W, O) in int16.

    affine: (3, O), its scale alpha, and of PReLU what is subtracted before it, and its slope.
    """

    y: ndarray
    affine: ndarray


class Norm(NamedTuple):
    """Batch norm: statistics (2, O), mean and deviation; gamma and beta (O,)."""

    statistics: ndarray
    gamma: ndarray
    beta: ndarray


class Gradients(NamedTuple):
    """What the backward pass leaves.

    Args:
        x: (N, H, W, I).
        channels: of each slot, (slots, CHANNEL_GRADIENTS, O), as `passes` orders them.
        weight: of the binary weights, of each slot, (slots, O, n).
    """

    x: ndarray
    channels: ndarray
    weight: ndarray

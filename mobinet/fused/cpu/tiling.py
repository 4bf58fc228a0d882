"""Rows taken several at a time, so that an inner loop over channels is long enough to vectorise; and their sums.

Activations are (N, H, W, C), the memory of a channels_last tensor; the kernels see it as M = N H W rows of channels.
What is summed over rows is added to float64 totals, strip by strip.
"""

import numpy as np

from mobinet.fused.cpu.compile import inlined, sized

STRIP = 64
"""Rows summed in float32 before their sum joins the float64 total."""
SPAN = 128
"""Values an inner loop should run over; rows shorter than half of it are taken several at a time."""


@inlined
def repeats(a):
    """How many rows of (N, H, W, C) an inner loop takes at a time."""
    channels = a.shape[3]
    rows = a.size // channels
    times = 1
    while rows % (2 * times) == 0 and 2 * times * channels <= SPAN:
        times *= 2
    return times


@inlined
def tile(values, times):
    """One value per channel, for so many rows side by side."""
    tiled = np.empty(times * values.size, np.float32)
    for start in range(0, tiled.size, values.size):
        for c in range(values.size):
            tiled[start + c] = values[c]
    return tiled


@inlined
def tile_affine(affine, times):
    """alpha, before and slope, tiled."""
    return tile(affine[0], times), tile(affine[1], times), tile(affine[2], times)


@sized(4, 8, 16)
def repeat(size, row, twice):
    """Every `size` values of a row, two times one behind the other."""
    for start in range(0, row.size, size):
        for i in range(start, start + size):
            twice[start + i] = row[i]
            twice[start + i + size] = row[i]


@sized(4, 8, 16)
def fold_pairs(size, row, sums):
    """The inverse of `repeat` for gradients: sums of the two that each value was repeated to."""
    for start in range(0, sums.size, size):
        for i in range(start, start + size):
            sums[i] = row[start + i] + row[start + i + size]


@inlined
def fold(strip, total):
    """Add the sums of a strip of tiled rows to the total of each channel."""
    for start in range(0, strip.size, total.size):
        for c in range(total.size):
            total[c] += strip[start + c]

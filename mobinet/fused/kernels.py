"""Numba kernels of the fused unit on the CPU around its convolution: one pass over memory each.

Activations are (N, H, W, C), the memory of a channels_last tensor; most kernels see it as M = N H W rows of channels.

The output of a convolution is kept as whole numbers, y in int16, beside alpha: v = alpha y - before, and z = PReLU(v).
`affine`, (3, C), is alpha, before and the slope of PReLU. PReLU is written out in every loop: as a function of its own
it keeps the compiler from vectorising them, at ten times the time. What is summed over rows is added to float64 totals,
strip by strip.
"""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
from numba import njit

SOURCES = sha256(b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))).digest()


def kernel(function: Callable) -> Callable:
    """Compile a function at its first call, for this machine, and keep what was compiled as long as `SOURCES` stay."""
    compiled = njit(nogil=True, cache=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz", "arcp"})(
        function
    )
    compiled._cache._cache_file._source_stamp = SOURCES  # by itself Numba looks at the file of the caller only
    return compiled


STRIP = 64
"""Rows summed in float32 before their sum joins the float64 total."""
SPAN = 128
"""Values an inner loop should run over; rows shorter than half of it are taken several at a time."""


@kernel
def repeats(a):
    """How many rows of (N, H, W, C) an inner loop takes at a time."""
    channels = a.shape[3]
    rows = a.size // channels
    times = 1
    while rows % (2 * times) == 0 and 2 * times * channels <= SPAN:
        times *= 2
    return times


@kernel
def tile(values, times):
    """One value per channel, for so many rows side by side."""
    tiled = np.empty(times * values.size, np.float32)
    for start in range(0, tiled.size, values.size):
        for c in range(values.size):
            tiled[start + c] = values[c]
    return tiled


@kernel
def tile_affine(affine, times):
    """alpha, before and slope, tiled."""
    return tile(affine[0], times), tile(affine[1], times), tile(affine[2], times)


@kernel
def repeat(row, size, twice):
    """Every `size` values of a row, two times one behind the other."""
    if size == 4:  # a constant, for LLVM to unroll
        repeat_each(row, 4, twice)
    elif size == 8:
        repeat_each(row, 8, twice)
    elif size == 16:
        repeat_each(row, 16, twice)
    else:
        repeat_each(row, size, twice)


@kernel
def repeat_each(row, size, twice):
    """`repeat`, with a size that LLVM can know."""
    for start in range(0, row.size, size):
        for i in range(start, start + size):
            twice[start + i] = row[i]
            twice[start + i + size] = row[i]


@kernel
def fold_pairs(row, size, sums):
    """The inverse of `repeat` for gradients: sums of the two that each value was repeated to."""
    if size == 4:
        fold_each(row, 4, sums)
    elif size == 8:
        fold_each(row, 8, sums)
    elif size == 16:
        fold_each(row, 16, sums)
    else:
        fold_each(row, size, sums)


@kernel
def fold_each(row, size, sums):
    """`fold_pairs`, with a size that LLVM can know."""
    for start in range(0, sums.size, size):
        for i in range(start, start + size):
            sums[i] = row[start + i] + row[start + i + size]


@kernel
def fold(strip, total):
    """Add the sums of a strip of tiled rows to the total of each channel."""
    for start in range(0, strip.size, total.size):
        for c in range(total.size):
            total[c] += strip[start + c]


@kernel
def slope_of(distance, surrogate):
    """`mobinet.binarizers.base.Surrogate` at |x| = distance."""
    peak, fall, knee, tail, reach = surrogate
    if distance <= np.float32(knee):
        return np.float32(peak) - np.float32(fall) * distance
    return np.float32(tail) if distance <= np.float32(reach) else np.float32(0)


@kernel
def binarise(latent, scaled, binary):
    """Latent weights, (O, n), to alpha * sign(W), with alpha = mean |W| of a filter if scaled, else 1."""
    filters, size = latent.shape
    for o in range(filters):
        total = np.float32(0)
        for i in range(size):
            total += abs(latent[o, i])
        alpha = total / np.float32(size) if scaled else np.float32(1)
        for i in range(size):
            binary[o, i] = alpha if latent[o, i] >= 0 else -alpha


@kernel
def join(binary, before, slope, affine):
    """`affine`, (3, O), from what it is made of; binary is (O, n)."""
    for o in range(before.size):
        affine[0, o] = abs(binary[o, 0])
        affine[1, o] = before[o]
        affine[2, o] = slope[o]


@kernel
def latent_gradient(gradient, latent, binary, surrogate, through_scale):
    """From the gradient of binary weights to that of latent ones, in place."""
    filters, size = latent.shape
    whole = np.float32(through_scale / size)
    for o in range(filters):
        alpha = abs(binary[o, 0])
        for i in range(size):
            gradient[o, i] *= alpha * slope_of(abs(latent[o, i]), surrogate) + whole


@kernel
def signs(x, shift, low, s):
    """s = 1 where x >= shift, else low."""
    times = repeats(x)
    width = times * x.shape[3]
    x, s = x.reshape(-1, width), s.reshape(-1, width)
    shift, low = tile(shift, times), np.float32(low)
    for m in range(x.shape[0]):
        for c in range(width):
            s[m, c] = np.float32(1) if x[m, c] - shift[c] >= 0 else low


@kernel
def moments(y, affine, found):
    """found, (3, C): of these rows the mean of z, the sum of squares about it, and their number."""
    width = y.shape[3]
    batch = y.size // width
    pivot = np.empty(width, np.float32)
    for c in range(width):
        v = affine[0, c] * y[0, 0, 0, c] - affine[1, c]
        pivot[c] = v if v > 0 else affine[2, c] * v
    times = repeats(y)
    y = y.reshape(-1, times * width)
    alpha, before, slope = tile_affine(affine, times)
    pivots = tile(pivot, times)
    rows, channels = y.shape
    sums = np.zeros((2, width))
    first, second = np.empty(channels, np.float32), np.empty(channels, np.float32)
    for strip in range(0, rows, STRIP):
        first[:] = 0
        second[:] = 0
        for m in range(strip, min(rows, strip + STRIP)):
            for c in range(channels):
                v = alpha[c] * y[m, c] - before[c]
                z = (v if v > 0 else slope[c] * v) - pivots[c]
                first[c] += z
                second[c] += z * z
        fold(first, sums[0])
        fold(second, sums[1])
    for c in range(width):
        found[0, c] = pivot[c] + sums[0, c] / batch
        found[1, c] = max(sums[1, c] - sums[0, c] * sums[0, c] / batch, 0.0)
        found[2, c] = batch


@kernel
def statistics(found, eps, momentum, running_mean, running_var, batches, stats):
    """Batch statistics from the `moments` of each slot; running statistics move as nn.BatchNorm2d's do."""
    batches[()] += 1
    for c in range(stats.shape[1]):
        batch = found[:, 2, c].sum()
        mean = (found[:, 0, c] * found[:, 2, c]).sum() / batch
        squares = (found[:, 1, c] + found[:, 2, c] * (found[:, 0, c] - mean) ** 2).sum()
        stats[0, c] = mean
        stats[1, c] = np.sqrt(squares / batch + eps)
        running_mean[c] += momentum * (mean - running_mean[c])
        running_var[c] += momentum * (squares / (batch - 1) - running_var[c])


@kernel
def normalise(y, affine, stats, gamma, beta, x, out):
    """out = gamma (z - mean) / deviation + beta + x, with x, (N, H, W, C) or (N, H, W, C / 2), repeated to C."""
    inputs, channels, times = x.shape[3], y.shape[3], repeats(y)
    width = times * channels
    y, x, out = y.reshape(-1, width), x.reshape(-1, times * inputs), out.reshape(-1, width)
    scale = tile(gamma / stats[1], times)
    offset = tile(beta - stats[0] * (gamma / stats[1]), times)
    alpha, before, slope = tile_affine(affine, times)
    skip = np.empty(width, np.float32)
    for m in range(y.shape[0]):
        if inputs == channels:
            for c in range(width):
                skip[c] = x[m, c]
        else:
            repeat(x[m], inputs, skip)
        for c in range(width):
            v = alpha[c] * y[m, c] - before[c]
            out[m, c] = (v if v > 0 else slope[c] * v) * scale[c] + offset[c] + skip[c]


@kernel
def norm_gradients(g, y, affine, stats, sums):
    """sums, (2, C), gain the gradients of beta and gamma: the sums of g and of g times the normalised z."""
    mean, deviation = stats[0], stats[1]
    times = repeats(y)
    width = times * y.shape[3]
    g, y = g.reshape(-1, width), y.reshape(-1, width)
    alpha, before, slope = tile_affine(affine, times)
    mean, inverse = tile(mean, times), tile(1 / deviation, times)
    rows, channels = y.shape
    first, second = np.empty(channels, np.float32), np.empty(channels, np.float32)
    for strip in range(0, rows, STRIP):
        first[:] = 0
        second[:] = 0
        for m in range(strip, min(rows, strip + STRIP)):
            for c in range(channels):
                v = alpha[c] * y[m, c] - before[c]
                z = v if v > 0 else slope[c] * v
                first[c] += g[m, c]
                second[c] += g[m, c] * ((z - mean[c]) * inverse[c])
        fold(first, sums[0])
        fold(second, sums[1])


@kernel
def conv_gradient(g, y, affine, stats, gamma, norm_sums, batch, gy, sums):
    """gy from g through batch norm over `batch` rows and PReLU; sums, (2, C), gain before's and slope's."""
    mean, deviation = stats[0], stats[1]
    times = repeats(y)
    width = times * y.shape[3]
    g, y, gy = g.reshape(-1, width), y.reshape(-1, width), gy.reshape(-1, width)
    scale, tilt = gamma / deviation, gamma / deviation * norm_sums[1] / batch / deviation
    offset = tile(scale * norm_sums[0] / batch - mean * tilt, times)
    alpha, before, slope = tile_affine(affine, times)
    scale, tilt = tile(scale, times), tile(tilt, times)
    rows, channels = y.shape
    first, second = np.empty(channels, np.float32), np.empty(channels, np.float32)
    for strip in range(0, rows, STRIP):
        first[:] = 0
        second[:] = 0
        for m in range(strip, min(rows, strip + STRIP)):
            for c in range(channels):
                v = alpha[c] * y[m, c] - before[c]
                z = v if v > 0 else slope[c] * v
                gz = scale[c] * g[m, c] - (offset[c] + z * tilt[c])
                gv = gz if v > 0 else slope[c] * gz
                gy[m, c] = gv
                first[c] -= gv
                second[c] += np.float32(0) if v > 0 else gz * v
        fold(first, sums[0])
        fold(second, sums[1])


@kernel
def input_gradient(g, gs, x, shift, surrogate, gx, sums):
    """gx, (N, H, W, I): what the skip passes of g, and the sign of gs; sums, (I,), gain the gradient of shift."""
    inputs, times = x.shape[3], repeats(x)
    width = times * inputs
    folded = g.size > x.size
    g, gs = g.reshape(x.size // width, -1), gs.reshape(-1, width)
    x, gx, shift = x.reshape(-1, width), gx.reshape(-1, width), tile(shift, times)
    skipped = np.empty(width, np.float32)
    passed = np.empty(width, np.float32)
    for strip in range(0, x.shape[0], STRIP):
        passed[:] = 0
        for m in range(strip, min(x.shape[0], strip + STRIP)):
            if folded:
                fold_pairs(g[m], inputs, skipped)
            else:
                skipped = g[m]
            for c in range(width):
                gv = gs[m, c] * slope_of(abs(x[m, c] - shift[c]), surrogate)
                gx[m, c] = skipped[c] + gv
                passed[c] -= gv
        fold(passed, sums)

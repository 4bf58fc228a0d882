"""Numba kernels of PReLU and batch norm: one pass over memory each.

The output of a convolution is kept as whole numbers, y in int16, beside alpha: v = alpha y - before, and z = PReLU(v).
`affine`, (3, C), is alpha, before and the slope of PReLU. PReLU is written out in every loop: as a function of its own
it keeps the compiler from vectorising them, at ten times the time.
"""

import numpy as np

from mobinet.fused.cpu.compile import inlined, kernel
from mobinet.fused.cpu.tiling import STRIP, fold, repeat, repeats, tile, tile_affine


@inlined
def moments(output, slot_moments):
    """slot_moments, (3, C): of these rows the mean of z, the sum of squares about it, and their number."""
    y, affine = output
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
        slot_moments[0, c] = pivot[c] + sums[0, c] / batch
        slot_moments[1, c] = max(sums[1, c] - sums[0, c] * sums[0, c] / batch, 0.0)
        slot_moments[2, c] = batch


@kernel
def statistics(slot_moments, eps, momentum, running_mean, running_var, batches, stats):
    """Batch statistics from the `moments` of each slot; running statistics move as nn.BatchNorm2d's do."""
    batches[()] += 1
    for c in range(stats.shape[1]):
        batch = slot_moments[:, 2, c].sum()
        mean = (slot_moments[:, 0, c] * slot_moments[:, 2, c]).sum() / batch
        squares = (slot_moments[:, 1, c] + slot_moments[:, 2, c] * (slot_moments[:, 0, c] - mean) ** 2).sum()
        stats[0, c] = mean
        stats[1, c] = np.sqrt(squares / batch + eps)
        running_mean[c] += momentum * (mean - running_mean[c])
        running_var[c] += momentum * (squares / (batch - 1) - running_var[c])


@inlined
def normalise(output, norm, x, out):
    """out = gamma (z - mean) / deviation + beta + x, with x, (N, H, W, C) or (N, H, W, C / 2), repeated to C."""
    y, affine = output
    stats, gamma, beta = norm
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
            repeat(inputs, x[m], skip)
        for c in range(width):
            v = alpha[c] * y[m, c] - before[c]
            out[m, c] = (v if v > 0 else slope[c] * v) * scale[c] + offset[c] + skip[c]


@inlined
def norm_gradients(g, output, stats, sums):
    """sums, (2, C), gain the gradients of beta and gamma: the sums of g and of g times the normalised z."""
    y, affine = output
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
def conv_gradient(g, output, norm, norm_sums, batch, gy, sums):
    """gy from g through batch norm over `batch` rows and PReLU; sums, (2, C), gain before's and slope's."""
    y, affine = output
    stats, gamma, _ = norm
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

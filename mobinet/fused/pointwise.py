"""Numba kernels of the 1x1 convolution on the CPU: forward by XNOR and popcount, backward as matrix products."""

import numpy as np

from mobinet.fused.kernels import kernel, popcount


@kernel
def pointwise(x, shift, low, binary, y):
    """The 1x1 convolution of the signs of x, (N, H, W, I), with those of binary, (O, I): y, (N, H, W, O).

    By XNOR and popcount: an output is level - step * the number of bits that differ.
    """
    filters, channels = binary.shape
    x, y = x.reshape(-1, channels), y.reshape(-1, filters)
    rows = x.shape[0]
    words = (channels + 31) // 32
    bits = np.zeros((words, filters), np.uint32)
    level, step = np.empty(filters, np.int32), np.int32(1 - low)
    for o in range(filters):
        balance = 0
        for i in range(channels):
            positive = binary[o, i] >= 0
            bits[i // 32, o] |= np.uint32(positive) << np.uint32(i % 32)
            balance += 1 if positive else -1
        level[o] = ((1 - low) * channels + (1 + low) * balance) / 2
    differing = np.empty((2, filters), np.int32)
    for m in range(0, rows, 2):
        n = min(m + 1, rows - 1)
        differing[:] = 0
        for word in range(words):
            first, second = np.uint32(0), np.uint32(0)
            for i in range(min(32, channels - 32 * word)):
                c = 32 * word + i
                first |= np.uint32(x[m, c] - shift[c] >= 0) << np.uint32(i)
                second |= np.uint32(x[n, c] - shift[c] >= 0) << np.uint32(i)
            for o in range(filters):
                filter_bits = bits[word, o]
                differing[0, o] += np.int32(popcount(first ^ filter_bits))
                differing[1, o] += np.int32(popcount(second ^ filter_bits))
        for o in range(filters):
            y[m, o] = level[o] - step * differing[0, o]
            y[n, o] = level[o] - step * differing[1, o]


@kernel
def pointwise_backward(s, gy, binary, gs, weight_sums):
    """The gradients of `pointwise`: gs, (N, H, W, I), from gy, (N, H, W, O); weight_sums, (O, I), gain binary's."""
    filters, channels = binary.shape
    gy = gy.reshape(-1, filters)
    weight_sums += np.dot(gy.T, s.reshape(-1, channels))
    np.dot(gy, binary, gs.reshape(-1, channels))

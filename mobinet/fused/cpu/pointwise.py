"""Numba kernels of the 1x1 convolution on the CPU: forward by XNOR and popcount, backward as matrix products."""

import numpy as np

from mobinet.fused.cpu.bits import popcount, word_of
from mobinet.fused.cpu.compile import inlined, sized

WORD = 32
STRIP = 64
"""Rows whose signs are packed at a time."""


@inlined
def channel_words(binary, low):
    """The signs of filters, (O, I), as words, (words, O), and outputs where no bit differs, (O,)."""
    filters, channels = binary.shape
    words = (channels + WORD - 1) // WORD
    if words > 2:
        words = (words + 3) // 4 * 4  # as they are taken
    bits, level = np.zeros((words, filters), np.uint32), np.empty(filters, np.int32)
    for o in range(filters):
        balance = 0
        for i in range(channels):
            positive = binary[o, i] >= 0
            bits[i // WORD, o] |= np.uint32(positive) << np.uint32(i % WORD)
            balance += 1 if positive else -1
        level[o] = ((1 - low) * channels + (1 + low) * balance) / 2
    return bits, level


@sized(4, 8, 16)
def pack_narrow(channels, x, first, count, shift, words):
    """The signs of `count` rows of x, a vector, from `first` on, that fit a word each: words, (count, 1)."""
    for m in range(count):
        words[m, 0] = word_of(x, (first + m) * channels, shift, 0, channels)


@inlined
def pack_wide(channels, x, first, count, shift, words):
    """The same of rows of WORD channels or more: words, (count, words)."""
    whole = channels // WORD * WORD
    for m in range(count):
        start = (first + m) * channels
        for i in range(0, whole, WORD):
            words[m, i // WORD] = word_of(x, start + i, shift, i, WORD)
        if whole < channels:
            words[m, whole // WORD] = word_of(x, start + whole, shift, whole, channels - whole)


@inlined
def pointwise(signed, binary, y):
    """The 1x1 convolution of the signs of x, (N, H, W, I), with those of binary, (O, I): y, (N, H, W, O).

    By XNOR and popcount: an output is level - step * the number of bits that differ.
    """
    x, shift, low, _ = signed
    filters, channels = binary.shape
    bits, level = channel_words(binary, low)
    step = np.int32(1 - low)
    x, y = x.reshape(-1), y.reshape(-1, filters)
    rows = y.shape[0]
    words = np.zeros((STRIP, bits.shape[0]), np.uint32)
    differing = np.empty(filters, np.int32)
    for first in range(0, rows, STRIP):
        count = min(STRIP, rows - first)
        if channels < WORD:
            pack_narrow(channels, x, first, count, shift, words)
        else:
            pack_wide(channels, x, first, count, shift, words)
        for m in range(count):
            out = y[first + m]
            if bits.shape[0] == 1:
                a = words[m, 0]
                for o in range(filters):
                    out[o] = level[o] - step * np.int32(popcount(a ^ bits[0, o]))
            elif bits.shape[0] == 2:
                a, b = words[m, 0], words[m, 1]
                for o in range(filters):
                    out[o] = level[o] - step * np.int32(popcount(a ^ bits[0, o]) + popcount(b ^ bits[1, o]))
            else:
                differing[:] = 0
                for i in range(0, bits.shape[0], 4):
                    a, b, c, d = words[m, i], words[m, i + 1], words[m, i + 2], words[m, i + 3]
                    for o in range(filters):
                        left = popcount(a ^ bits[i, o]) + popcount(b ^ bits[i + 1, o])
                        right = popcount(c ^ bits[i + 2, o]) + popcount(d ^ bits[i + 3, o])
                        differing[o] += np.int32(left + right)
                for o in range(filters):
                    out[o] = level[o] - step * differing[o]


@inlined
def pointwise_backward(s, gy, binary, gs, weight_sums):
    """The gradients of `pointwise`: gs, (N, H, W, I), from gy, (N, H, W, O); weight_sums, (O, I), gain binary's."""
    filters, channels = binary.shape
    gy = gy.reshape(-1, filters)
    weight_sums += np.dot(gy.T, s.reshape(-1, channels))
    np.dot(gy, binary, gs.reshape(-1, channels))

"""Numba kernels of the 1x1 convolution on the CPU: forward by XNOR and popcount, backward as matrix products."""

import numpy as np

from mobinet.fused.bits import popcount, word_of
from mobinet.fused.kernels import kernel

WORD = 32


@kernel
def filter_words(binary, low):
    """The signs of filters, (O, I), as words, (words, O), and outputs where no bit differs, (O,)."""
    filters, channels = binary.shape
    words = (channels + WORD - 1) // WORD
    if words > 2:
        words = (words + 3) // 4 * 4  # as `wide` takes them
    bits, level = np.zeros((words, filters), np.uint32), np.empty(filters, np.int32)
    for o in range(filters):
        balance = 0
        for i in range(channels):
            positive = binary[o, i] >= 0
            bits[i // WORD, o] |= np.uint32(positive) << np.uint32(i % WORD)
            balance += 1 if positive else -1
        level[o] = ((1 - low) * channels + (1 + low) * balance) / 2
    return bits, level


@kernel
def one_word(x, shift, channels, bits, level, step, y):
    """`pointwise` of at most 32 channels."""
    filters = level.size
    for m in range(y.size // filters):
        word, out = word_of(x, m * channels, shift, 0, channels), y[m * filters :]
        for o in range(filters):
            out[o] = level[o] - step * np.int32(popcount(word ^ bits[0, o]))


@kernel
def two_words(x, shift, channels, bits, level, step, y):
    """`pointwise` of at most 64 channels."""
    filters = level.size
    for m in range(y.size // filters):
        start, out = m * channels, y[m * filters :]
        first = word_of(x, start, shift, 0, WORD)
        second = word_of(x, start + WORD, shift, WORD, channels - WORD)
        for o in range(filters):
            differing = popcount(first ^ bits[0, o]) + popcount(second ^ bits[1, o])
            out[o] = level[o] - step * np.int32(differing)


@kernel
def many_words(x, shift, channels, bits, level, step, y):
    """`pointwise` of any number of channels, two rows and four words of each at a time."""
    filters, rows = level.size, y.size // level.size
    words = np.zeros((2, bits.shape[0]), np.uint32)
    differing = np.empty((2, filters), np.int32)
    for m in range(0, rows, 2):
        n = min(m + 1, rows - 1)
        for word in range(channels // WORD):
            i = WORD * word
            words[0, word] = word_of(x, m * channels + i, shift, i, WORD)
            words[1, word] = word_of(x, n * channels + i, shift, i, WORD)
        if channels % WORD:
            i = channels // WORD * WORD
            words[0, i // WORD] = word_of(x, m * channels + i, shift, i, channels - i)
            words[1, i // WORD] = word_of(x, n * channels + i, shift, i, channels - i)
        differing[:] = 0
        for word in range(0, bits.shape[0], 4):
            a, b, c, d = words[0, word], words[0, word + 1], words[0, word + 2], words[0, word + 3]
            e, f, g, h = words[1, word], words[1, word + 1], words[1, word + 2], words[1, word + 3]
            for o in range(filters):
                p, q, r, s = bits[word, o], bits[word + 1, o], bits[word + 2, o], bits[word + 3, o]
                differing[0, o] += np.int32(popcount(a ^ p) + popcount(b ^ q) + popcount(c ^ r) + popcount(d ^ s))
                differing[1, o] += np.int32(popcount(e ^ p) + popcount(f ^ q) + popcount(g ^ r) + popcount(h ^ s))
        first, second = y[m * filters :], y[n * filters :]
        for o in range(filters):
            first[o] = level[o] - step * differing[0, o]
            second[o] = level[o] - step * differing[1, o]


@kernel
def pointwise(x, shift, low, binary, y):
    """The 1x1 convolution of the signs of x, (N, H, W, I), with those of binary, (O, I): y, (N, H, W, O).

    By XNOR and popcount: an output is level - step * the number of bits that differ.
    """
    channels, step = binary.shape[1], np.int32(1 - low)
    bits, level = filter_words(binary, low)
    x, y = x.reshape(-1), y.reshape(-1)
    if channels == 4:  # a constant, for LLVM to unroll
        one_word(x, shift, 4, bits, level, step, y)
    elif channels == 8:
        one_word(x, shift, 8, bits, level, step, y)
    elif channels == 16:
        one_word(x, shift, 16, bits, level, step, y)
    elif channels == 32:
        one_word(x, shift, 32, bits, level, step, y)
    elif channels < 32:
        one_word(x, shift, channels, bits, level, step, y)
    elif channels == 64:
        two_words(x, shift, 64, bits, level, step, y)
    elif channels < 64:
        two_words(x, shift, channels, bits, level, step, y)
    else:
        many_words(x, shift, channels, bits, level, step, y)


@kernel
def pointwise_backward(s, gy, binary, gs, weight_sums):
    """The gradients of `pointwise`: gs, (N, H, W, I), from gy, (N, H, W, O); weight_sums, (O, I), gain binary's."""
    filters, channels = binary.shape
    gy = gy.reshape(-1, filters)
    weight_sums += np.dot(gy.T, s.reshape(-1, channels))
    np.dot(gy, binary, gs.reshape(-1, channels))

"""Numba kernels of the 3x3 convolution in groups of few channels, with a border of zeros, forward on the CPU.

By XNOR and popcount: a word holds the signs of three neighbouring pixels of a group, so that an output is
level - step * the number of bits that differ in three words. Outside the image a word has zeros, and the levels of an
output at the border take account of those that differ.
"""

import numpy as np

from mobinet.fused.cpu.bits import popcount, word_of
from mobinet.fused.cpu.compile import inlined, sized
from mobinet.fused.cpu.tiling import tile


@inlined
def tap_words(binary, width):
    """The signs of filters, (O, G * 9), as (3, W * O): for each row of taps, for each pixel of an image row."""
    filters, members = binary.shape[0], binary.shape[1] // 9
    words = np.zeros((3, width * filters), np.uint64)
    for o in range(filters):
        for i in range(members):
            for tap in range(9):
                words[tap // 3, o] |= np.uint64(binary[o, i * 9 + tap] >= 0) << np.uint64(tap % 3 * members + i)
    for i in range(filters, width * filters):
        words[:, i] = words[:, i - filters]
    return words


@inlined
def levels(binary, width, low):
    """Outputs where only bits outside differ, (4, W * O): in the inner rows of an image, its first, last and only."""
    filters, members = binary.shape[0], binary.shape[1] // 9
    level = np.zeros((4, width * filters), np.int32)
    for o in range(filters):
        for tap in range(9):
            positive = 0
            for i in range(members):
                positive += binary[o, i * 9 + tap] >= 0
            for edge in range(4):
                beyond = (edge & 1 and tap < 3) or (edge & 2 and tap > 5)
                for w in range(width):
                    beside = (w == 0 and tap % 3 == 0) or (w == width - 1 and tap % 3 == 2)
                    if beyond or beside:
                        level[edge, w * filters + o] += (1 - low) * positive
                    else:
                        level[edge, w * filters + o] += positive - low * (members - positive)
    return level


@inlined
def row_words(members, each, x, shift, pixels, words):
    """A row of an image, (W * I,), as the words that the outputs of a group meet, (W * O,).

    A group has so many `members` and outputs, `each`.
    In between stand the signs of each pixel, with a pixel of zeros on both sides: pixels, ((W + 2) * groups,).
    """
    groups = (pixels.size - words.size // each) // 2
    inside, right = pixels[groups:-groups], pixels[2 * groups :]
    if members < 4:
        for i in range(inside.size):
            word = np.uint64(0)
            for j in range(members):
                c = i * members + j
                word |= np.uint64(x[c] - shift[c] >= 0) << np.uint64(j)
            inside[i] = word
    else:
        for i in range(inside.size):
            inside[i] = word_of(x, i * members, shift, i * members, members)
    step = np.uint64(members)
    for i in range(inside.size):
        word = pixels[i] | inside[i] << step | right[i] << (step + step)
        for j in range(each):
            words[i * each + j] = word


@sized(1, 2, 4, 8)
def row_words_alike(members, x, shift, pixels, words):
    """`row_words` of groups with as many outputs as members."""
    row_words(members, members, x, shift, pixels, words)


@inlined
def grouped(signed, binary, y):
    """The convolution of the signs of x, (N, H, W, I), with those of binary, (O, G * 9): y, (N, H, W, O)."""
    x, shift, low, _ = signed
    images, height, width, channels = x.shape
    filters, members = binary.shape[0], binary.shape[1] // 9
    groups = channels // members
    each = filters // groups
    bits, level, step = tap_words(binary, width), levels(binary, width, low), np.int32(1 - low)
    shift = tile(shift, width)
    pixels = np.zeros((width + 2) * groups, np.uint64)
    words = np.zeros((height + 2, width * filters), np.uint64)
    for n in range(images):
        for h in range(height):
            row, out = x[n, h].reshape(width * channels), words[h + 1]
            if members == each:
                row_words_alike(members, row, shift, pixels, out)
            else:
                row_words(members, each, row, shift, pixels, out)
        for h in range(height):
            best = level[(h == 0) + 2 * (h == height - 1)]
            out = y[n, h].reshape(width * filters)
            above, here, below = words[h], words[h + 1], words[h + 2]
            for i in range(out.size):
                differing = popcount(above[i] ^ bits[0, i]) + popcount(here[i] ^ bits[1, i])
                differing += popcount(below[i] ^ bits[2, i])
                out[i] = best[i] - step * np.int32(differing)

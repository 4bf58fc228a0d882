"""Numba kernels of 3x3 convolutions in groups of few channels, with a border of zeros, on the CPU.

Forward by XNOR and popcount: a word holds the signs of three neighbouring pixels of a group, so that an output is
level - step * the number of bits that differ in three words. Outside the image a word has zeros, and the levels of an
output at the border take account of those that differ. Backward, groups of one or two channels are taken tap by tap;
larger ones in small images as matrix products of patches.
"""

import numpy as np

from mobinet.fused.bits import popcount, word_of
from mobinet.fused.kernels import SPAN, kernel, tile

BLOCK = 16
"""Channels of neighbouring groups that share a matrix product."""
PATCH_VALUES = 1 << 15
"""Values in patches at a time, so that they stay in the cache."""


@kernel
def filter_words(binary, width):
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


@kernel
def levels(binary, width, low):
    """Outputs where only bits outside differ, (4, W * O): in the inner rows of an image, its first, last and only."""
    filters, members = binary.shape[0], binary.shape[1] // 9
    found = np.zeros((4, width * filters), np.int32)
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
                        found[edge, w * filters + o] += (1 - low) * positive
                    else:
                        found[edge, w * filters + o] += positive - low * (members - positive)
    return found


@kernel
def row_words(x, shift, members, each, pixels, words):
    """A row of an image, (W * I,), as the words that `each` outputs of a group meet, (W * O,).

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


@kernel
def grouped(x, shift, low, binary, y):
    """The convolution of the signs of x, (N, H, W, I), with those of binary, (O, G * 9): y, (N, H, W, O)."""
    images, height, width, channels = x.shape
    filters, members = binary.shape[0], binary.shape[1] // 9
    groups = channels // members
    each = filters // groups
    bits, level, step = filter_words(binary, width), levels(binary, width, low), np.int32(1 - low)
    shift = tile(shift, width)
    pixels = np.zeros((width + 2) * groups, np.uint64)
    words = np.zeros((height + 2, width * filters), np.uint64)
    for n in range(images):
        for h in range(height):
            row, out = x[n, h].reshape(width * channels), words[h + 1]
            if members == each == 1:  # a constant, for LLVM to unroll
                row_words(row, shift, 1, 1, pixels, out)
            elif members == each == 2:
                row_words(row, shift, 2, 2, pixels, out)
            elif members == each == 4:
                row_words(row, shift, 4, 4, pixels, out)
            elif members == each == 8:
                row_words(row, shift, 8, 8, pixels, out)
            else:
                row_words(row, shift, members, each, pixels, out)
        for h in range(height):
            best = level[(h == 0) + 2 * (h == height - 1)]
            out = y[n, h].reshape(width * filters)
            above, here, below = words[h], words[h + 1], words[h + 2]
            for i in range(out.size):
                differing = popcount(above[i] ^ bits[0, i]) + popcount(here[i] ^ bits[1, i])
                differing += popcount(below[i] ^ bits[2, i])
                out[i] = best[i] - step * np.int32(differing)


@kernel
def tiled_taps(binary, width):
    """Filters of one or two channels, (C, G * 9), flipped, as (G, 9, pixels * C): for a channel and for its partner.

    They are repeated for as many neighbouring pixels, of `width`, as make an inner loop.
    """
    channels, members = binary.shape[0], binary.shape[1] // 9
    pixels = 1
    for count in range(2, width + 1):
        if width % count == 0 and count * channels <= SPAN:
            pixels = count
    taps = np.empty((members, 9, pixels * channels), np.float32)
    for j in range(members):
        for tap in range(9):
            for i in range(pixels * channels):
                c = i % channels
                taps[j, tap, i] = binary[c ^ j, c % members * 9 + 8 - tap]
    return taps


@kernel
def exchange(s, padded):
    """s, (H, W, C), inside a border, and again with the channels of each pair exchanged: (G, H + 2, W + 2, C)."""
    height, width, channels = s.shape
    for h in range(height):
        padded[0, h + 1, 1 : width + 1] = s[h]
    if padded.shape[0] == 2:
        for h in range(height):
            row = s[h].reshape(width * channels)
            out = padded[1, h + 1, 1 : width + 1].reshape(width * channels)
            for c in range(0, width * channels, 2):
                out[c] = row[c + 1]
                out[c + 1] = row[c]


@kernel
def correlate(padded, taps, y):
    """An image as `exchange` has it, times `tiled_taps`: y, (H, W, C)."""
    height, width, channels = y.shape
    members, _, span = taps.shape
    rows = padded.reshape(members, height + 2, (width + 2) * channels)
    for h in range(height):
        for start in range(0, width * channels, span):
            out = y[h].reshape(width * channels)[start : start + span]
            out[:] = 0
            for j in range(members):
                t = taps[j]
                a, b, c = rows[j, h, start:], rows[j, h + 1, start:], rows[j, h + 2, start:]
                a1, b1, c1 = a[channels:], b[channels:], c[channels:]
                a2, b2, c2 = a1[channels:], b1[channels:], c1[channels:]
                for i in range(span):
                    out[i] += (
                        (a[i] * t[0, i] + a1[i] * t[1, i] + a2[i] * t[2, i])
                        + (b[i] * t[3, i] + b1[i] * t[4, i] + b2[i] * t[5, i])
                        + (c[i] * t[6, i] + c1[i] * t[7, i] + c2[i] * t[8, i])
                    )


@kernel
def grouped_backward(s, gy, binary, gs, weight_sums):
    """The gradients of `grouped`: gs, (N, H, W, C), from gy; weight_sums, (C, G * 9), gain that of binary."""
    images, height, width, channels = s.shape
    taps = tiled_taps(binary, width)
    members, _, span = taps.shape
    sums = np.zeros((members, 9, span), np.float32)
    padded = np.zeros((members, height + 2, width + 2, channels), np.float32)
    rows = padded.reshape(members, height + 2, (width + 2) * channels)
    for n in range(images):
        exchange(gy[n], padded)
        correlate(padded, taps, gs[n])
        exchange(s[n], padded)
        for h in range(height):
            for start in range(0, width * channels, span):
                part = gy[n, h].reshape(width * channels)[start : start + span]
                for j in range(members):
                    for tap in range(9):
                        seen, total = rows[j, h + tap // 3, start + tap % 3 * channels :], sums[j, tap]
                        for i in range(span):
                            total[i] += part[i] * seen[i]
    for j in range(members):
        for tap in range(9):
            for i in range(span):
                c = i % channels
                weight_sums[c, (c % members ^ j) * 9 + tap] += sums[j, tap, i]


@kernel
def dense_taps(binary, first, block):
    """Filters from `first` on, of (C, G * 9), flipped, as a matrix with zeros between groups: (9 * block, block)."""
    members = binary.shape[1] // 9
    taps = np.zeros((9 * block, block), np.float32)
    for o in range(block):
        for i in range(members):
            for tap in range(9):
                taps[tap * block + o, o // members * members + i] = binary[first + o, i * 9 + 8 - tap]
    return taps


@kernel
def patches_of(image, first, block, padded, patches):
    """What surrounds the pixels of an image, (H, W, C), in some channels: (H * W, 9 * block)."""
    if block == 4:  # a constant, for LLVM to unroll
        patches_of_size(image, first, 4, padded, patches)
    elif block == 8:
        patches_of_size(image, first, 8, padded, patches)
    elif block == 16:
        patches_of_size(image, first, 16, padded, patches)
    else:
        patches_of_size(image, first, block, padded, patches)


@kernel
def patches_of_size(image, first, block, padded, patches):
    """`patches_of`, with a size that LLVM can know."""
    height, width, span = image.shape[0], image.shape[1], 3 * block
    for h in range(height):
        for w in range(width):
            for c in range(block):
                padded[h + 1, (w + 1) * block + c] = image[h, w, first + c]
    for h in range(height):
        for w in range(width):
            out, start = patches[h * width + w], w * block
            above, here, below = padded[h, start:], padded[h + 1, start:], padded[h + 2, start:]
            for i in range(span):
                out[i] = above[i]
            for i in range(span):
                out[span + i] = here[i]
            for i in range(span):
                out[2 * span + i] = below[i]


@kernel
def blocks_backward(s, gy, binary, gs, weight_sums):
    """The gradients of `grouped`, as `grouped_backward` has them, for groups of any size."""
    images, height, width, channels = s.shape
    members, pixels = binary.shape[1] // 9, height * width
    block = members
    while 2 * block <= BLOCK and channels % (2 * block) == 0:
        block *= 2
    size = min(images, max(1, PATCH_VALUES // (9 * block * pixels)))
    padded = np.zeros((height + 2, (width + 2) * block), np.float32)
    patches = np.empty((size * pixels, 9 * block), np.float32)
    seen, passed = np.empty((size * pixels, block), np.float32), np.empty((size * pixels, block), np.float32)
    s, gs = s.reshape(-1, channels), gs.reshape(-1, channels)
    for first in range(0, channels, block):
        taps = dense_taps(binary, first, block)
        found = np.zeros((block, 9 * block), np.float32)
        for start in range(0, images, size):
            count, begin = min(size, images - start), start * pixels
            rows = count * pixels
            for n in range(count):
                patches_of(gy[start + n], first, block, padded, patches[n * pixels :])
            here, there = s[begin : begin + rows], gs[begin : begin + rows]
            if block < channels:
                here, there = seen[:rows], passed[:rows]
                for m in range(rows):
                    for c in range(block):
                        here[m, c] = s[begin + m, first + c]
            np.dot(patches[:rows], taps, there)
            found += np.dot(here.T, patches[:rows])
            if block < channels:
                for m in range(rows):
                    for c in range(block):
                        gs[begin + m, first + c] = there[m, c]
        for o in range(block):
            for i in range(members):
                for tap in range(9):
                    weight_sums[first + o, i * 9 + 8 - tap] += found[o // members * members + i, tap * block + o]

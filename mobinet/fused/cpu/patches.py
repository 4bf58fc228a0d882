"""Numba kernels of the 3x3 convolution in larger groups, backward on the CPU: as matrix products of patches."""

import numpy as np

from mobinet.fused.cpu.compile import inlined, sized

BLOCK = 16
"""Channels of neighbouring groups that share a matrix product."""
PATCH_VALUES = 1 << 15
"""Values in patches at a time, so that they stay in the cache."""


@inlined
def dense_taps(binary, first, block):
    """Filters from `first` on, of (C, G * 9), flipped, as a matrix with zeros between groups: (9 * block, block)."""
    members = binary.shape[1] // 9
    taps = np.zeros((9 * block, block), np.float32)
    for o in range(block):
        for i in range(members):
            for tap in range(9):
                taps[tap * block + o, o // members * members + i] = binary[first + o, i * 9 + 8 - tap]
    return taps


@sized(4, 8, 16)
def patches_of(block, image, first, padded, patches):
    """What surrounds the pixels of an image, (H, W, C), in some channels: (H * W, 9 * block)."""
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


@inlined
def patches_backward(s, gy, binary, gs, weight_sums):
    """The gradients of `grouped.grouped`, as `taps.taps_backward` has them, for groups of any size."""
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
        products = np.zeros((block, 9 * block), np.float32)
        for start in range(0, images, size):
            count, begin = min(size, images - start), start * pixels
            rows = count * pixels
            for n in range(count):
                patches_of(block, gy[start + n], first, padded, patches[n * pixels :])
            here, there = s[begin : begin + rows], gs[begin : begin + rows]
            if block < channels:
                here, there = seen[:rows], passed[:rows]
                for m in range(rows):
                    for c in range(block):
                        here[m, c] = s[begin + m, first + c]
            np.dot(patches[:rows], taps, there)
            products += np.dot(here.T, patches[:rows])
            if block < channels:
                for m in range(rows):
                    for c in range(block):
                        gs[begin + m, first + c] = there[m, c]
        for o in range(block):
            for i in range(members):
                for tap in range(9):
                    weight_sums[first + o, i * 9 + 8 - tap] += products[o // members * members + i, tap * block + o]

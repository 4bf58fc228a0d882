"""Numba kernels of the 3x3 convolution in groups of one or two channels, backward on the CPU: tap by tap."""

import numpy as np

from mobinet.fused.cpu.compile import inlined
from mobinet.fused.cpu.tiling import SPAN


@inlined
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


@inlined
def exchange(s, padded):
    """s, (H, W, C), inside a border, and again with the channels of each pair exchanged: (G, H + 2, W + 2, C)."""
    height, width, channels = s.shape
    for h in range(height):
        for w in range(width):
            for c in range(channels):
                padded[0, h + 1, w + 1, c] = s[h, w, c]
    if padded.shape[0] == 2:
        for h in range(height):
            row = s[h].reshape(width * channels)
            out = padded[1, h + 1, 1 : width + 1].reshape(width * channels)
            for c in range(0, width * channels, 2):
                out[c] = row[c + 1]
                out[c + 1] = row[c]


@inlined
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


@inlined
def taps_backward(s, gy, binary, gs, weight_sums):
    """The gradients of `grouped.grouped`: gs, (N, H, W, C), from gy; weight_sums, (C, G * 9), gain that of binary."""
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

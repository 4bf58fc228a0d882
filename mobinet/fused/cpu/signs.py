"""Numba kernels of sign, and of the gradient through it."""

import numpy as np

from mobinet.fused.cpu.compile import inlined, kernel
from mobinet.fused.cpu.tiling import STRIP, fold, fold_pairs, repeats, tile


@kernel
def signs(signed, s):
    """s = 1 where x >= shift, else low."""
    x, shift, low, _ = signed
    times = repeats(x)
    width = times * x.shape[3]
    x, s = x.reshape(-1, width), s.reshape(-1, width)
    shift, low = tile(shift, times), np.float32(low)
    for m in range(x.shape[0]):
        for c in range(width):
            s[m, c] = np.float32(1) if x[m, c] - shift[c] >= 0 else low


@inlined
def surrogate_derivative(distance, surrogate):
    """`mobinet.binarizers.base.Surrogate` at |x| = distance."""
    peak, fall, knee, tail, reach = surrogate
    if distance <= np.float32(knee):
        return np.float32(peak) - np.float32(fall) * distance
    return np.float32(tail) if distance <= np.float32(reach) else np.float32(0)


@kernel
def input_gradient(g, gs, signed, gx, sums):
    """gx, (N, H, W, I): what the skip passes of g, and the sign of gs; sums, (I,), gain the gradient of shift."""
    x, shift, _, surrogate = signed
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
                fold_pairs(inputs, g[m], skipped)
            else:
                skipped = g[m]
            for c in range(width):
                gv = gs[m, c] * surrogate_derivative(abs(x[m, c] - shift[c]), surrogate)
                gx[m, c] = skipped[c] + gv
                passed[c] -= gv
        fold(passed, sums)

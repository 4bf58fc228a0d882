"""The Triton kernels of the backward pass. `z` is PReLU(y - before)."""

import triton
import triton.language as tl

from mobinet.fused.cuda.tiles import load, load_channels, place, prelu, store, store_sums


@triton.jit(do_not_specialize=["rows", "span"])
def norm_gradients(
    g, y, before, slope, mean, inverse, parts, rows, channels, span, BLOCK_M: tl.constexpr, BLOCK_C: tl.constexpr
):
    """parts, (2, blocks, C): the sums of g and of g times the normalised z, which are the gradients of beta, gamma."""
    r, c, start, end = place(rows, span, BLOCK_M, BLOCK_C)
    threshold, a = load_channels(before, c, channels), load_channels(slope, c, channels)
    middle, scale = load_channels(mean, c, channels), load_channels(inverse, c, channels)
    first = tl.zeros((BLOCK_M, BLOCK_C), tl.float32)
    second = tl.zeros((BLOCK_M, BLOCK_C), tl.float32)
    for row in range(start, end, BLOCK_M):
        z = prelu(load(y, row, r, c, end, channels, channels) - threshold, a)
        gradient = load(g, row, r, c, end, channels, channels)
        first += gradient
        second += gradient * ((z - middle) * scale)
    store_sums(parts, 0, tl.sum(first, 0, keep_dims=True), c, channels)
    store_sums(parts, 1, tl.sum(second, 0, keep_dims=True), c, channels)


@triton.jit(do_not_specialize=["rows", "span"])
def conv_gradient(
    g,
    y,
    before,
    slope,
    mean,
    inverse,
    gamma,
    sums,
    gy,
    parts,
    rows,
    channels,
    span,
    BLOCK_M: tl.constexpr,
    BLOCK_C: tl.constexpr,
):
    """gy, (M, C), from g through batch norm and PReLU; parts, (2, blocks, C): the gradients of before and slope."""
    r, c, start, end = place(rows, span, BLOCK_M, BLOCK_C)
    threshold, a = load_channels(before, c, channels), load_channels(slope, c, channels)
    middle, scale = load_channels(mean, c, channels), load_channels(inverse, c, channels)
    total = load_channels(gamma, c, channels) * scale
    g_mean = load_channels(sums, c, channels) / rows
    z_slope = load_channels(sums + channels, c, channels) / rows * scale
    first = tl.zeros((BLOCK_M, BLOCK_C), tl.float32)
    second = tl.zeros((BLOCK_M, BLOCK_C), tl.float32)
    for row in range(start, end, BLOCK_M):
        v = load(y, row, r, c, end, channels, channels) - threshold
        gradient = load(g, row, r, c, end, channels, channels)
        gz = total * (gradient - g_mean - (prelu(v, a) - middle) * z_slope)
        gz = tl.where(r < end - row, gz, 0.0)
        gv = tl.where(v > 0, gz, a * gz)
        store(gy, gv, row, r, c, end, channels)
        first -= gv
        second += tl.where(v > 0, 0.0, gz * v)
    store_sums(parts, 0, tl.sum(first, 0, keep_dims=True), c, channels)
    store_sums(parts, 1, tl.sum(second, 0, keep_dims=True), c, channels)


@triton.jit(do_not_specialize=["rows", "span"])
def input_gradient(
    g,
    gs,
    x,
    shift,
    gx,
    parts,
    peak,
    fall,
    knee,
    tail,
    reach,
    rows,
    channels,
    span,
    BLOCK_M: tl.constexpr,
    BLOCK_C: tl.constexpr,
    REPEATS: tl.constexpr,
):
    """gx, (M, I), what the skip passes of g, (M, REPEATS I), and the sign of gs; parts, (blocks, I): those of shift."""
    r, c, start, end = place(rows, span, BLOCK_M, BLOCK_C)
    threshold = load_channels(shift, c, channels)
    passed = tl.zeros((BLOCK_M, BLOCK_C), tl.float32)
    for row in range(start, end, BLOCK_M):
        distance = tl.abs(load(x, row, r, c, end, channels, channels) - threshold)
        beyond = tl.where(distance <= reach, tail, 0.0)
        surrogate = tl.where(distance <= knee, peak - fall * distance, beyond)
        gradient = load(gs, row, r, c, end, channels, channels) * surrogate
        passed -= gradient
        for repeat in tl.static_range(REPEATS):
            gradient += load(g + repeat * channels, row, r, c, end, channels, REPEATS * channels)
        store(gx, gradient, row, r, c, end, channels)
    store_sums(parts, 0, tl.sum(passed, 0, keep_dims=True), c, channels)

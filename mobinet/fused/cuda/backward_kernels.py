"""The Triton kernels of the backward pass. `z` is PReLU(y - before)."""

import triton
import triton.language as tl

from mobinet.fused.cuda.tiles import load, load_channels, load_total, place, prelu, store, store_sums


@triton.jit(do_not_specialize=["rows", "pieces", "span"])
def norm_gradients(
    g,
    y,
    before,
    slope,
    mean,
    inverse,
    parts,
    rows,
    pieces,
    span,
    BLOCK_M: tl.constexpr,
    BLOCK_C: tl.constexpr,
    PIECE: tl.constexpr,
):
    """parts, (2, blocks, C): the sums of g and of g times the normalised z, which are the gradients of beta, gamma."""
    channels = pieces * PIECE
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


@triton.jit(do_not_specialize=["rows", "pieces", "span"])
def conv_gradient(
    g,
    y,
    before,
    slope,
    mean,
    inverse,
    gamma,
    norm_parts,
    norm_sums,
    gy,
    parts,
    rows,
    pieces,
    span,
    BLOCK_M: tl.constexpr,
    BLOCK_C: tl.constexpr,
    PIECE: tl.constexpr,
):
    """gy, (M, C), from g through batch norm and PReLU; parts, (2, blocks, C): the gradients of before and slope.

    norm_sums, (2, C), are the sums of norm_parts, of few blocks; without parts they are there already.
    """
    channels = pieces * PIECE
    r, c, start, end = place(rows, span, BLOCK_M, BLOCK_C)
    threshold, a = load_channels(before, c, channels), load_channels(slope, c, channels)
    middle, scale = load_channels(mean, c, channels), load_channels(inverse, c, channels)
    total = load_channels(gamma, c, channels) * scale
    if norm_parts is None:
        for_beta = load_channels(norm_sums, c, channels)
        for_gamma = load_channels(norm_sums + channels, c, channels)
    else:
        for_beta = load_total(norm_parts, 0, r, c, channels, channels)
        for_gamma = load_total(norm_parts, 1, r, c, channels, channels)
        if tl.program_id(1) == 0:
            tl.store(norm_sums + c, for_beta, mask=c < channels)
            tl.store(norm_sums + channels + c, for_gamma, mask=c < channels)
    g_mean, z_slope = for_beta / rows, for_gamma / rows * scale
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


@triton.jit(do_not_specialize=["rows", "pieces", "span"])
def input_gradient(
    g,
    gs,
    x,
    shift,
    gx,
    parts,
    conv_parts,
    conv_sums,
    peak,
    fall,
    knee,
    tail,
    reach,
    rows,
    pieces,
    span,
    BLOCK_M: tl.constexpr,
    BLOCK_C: tl.constexpr,
    PIECE: tl.constexpr,
    REPEATS: tl.constexpr,
):
    """gx, (M, I), what the skip passes of g, (M, REPEATS I), and the sign of gs; parts, (blocks, I): those of shift.

    conv_sums, (2, REPEATS I), are the sums of conv_parts, of few blocks, if there are parts.
    """
    channels = pieces * PIECE
    r, c, start, end = place(rows, span, BLOCK_M, BLOCK_C)
    outputs = REPEATS * channels
    if conv_parts is not None:  # noqa: SIM102  (this is decided when it is compiled, the next when it runs)
        if tl.program_id(1) == 0:
            for repeat in tl.static_range(REPEATS):
                for index in tl.static_range(2):
                    total = load_total(conv_parts + repeat * channels, index, r, c, channels, outputs)
                    tl.store(conv_sums + index * outputs + repeat * channels + c, total, mask=c < channels)
    threshold = load_channels(shift, c, channels)
    passed = tl.zeros((BLOCK_M, BLOCK_C), tl.float32)
    for row in range(start, end, BLOCK_M):
        distance = tl.abs(load(x, row, r, c, end, channels, channels) - threshold)
        beyond = tl.where(distance <= reach, tail, 0.0)
        surrogate = tl.where(distance <= knee, peak - fall * distance, beyond)
        gradient = load(gs, row, r, c, end, channels, channels) * surrogate
        passed -= gradient
        for repeat in tl.static_range(REPEATS):
            gradient += load(g + repeat * channels, row, r, c, end, channels, outputs)
        store(gx, gradient, row, r, c, end, channels)
    store_sums(parts, 0, tl.sum(passed, 0, keep_dims=True), c, channels)

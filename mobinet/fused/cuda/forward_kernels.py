"""The Triton kernels of the forward pass. `z` is PReLU(y - before)."""

import triton
import triton.language as tl

from mobinet.fused.cuda.tiles import load, load_channels, place, prelu, store, store_sums


@triton.jit(do_not_specialize=["rows", "pieces", "span"])
def signs(x, shift, s, low, rows, pieces, span, BLOCK_M: tl.constexpr, BLOCK_C: tl.constexpr, PIECE: tl.constexpr):
    """s = 1 where x >= shift, else low; (M, C)."""
    channels = pieces * PIECE
    r, c, start, end = place(rows, span, BLOCK_M, BLOCK_C)
    threshold = load_channels(shift, c, channels)
    for row in range(start, end, BLOCK_M):
        high = load(x, row, r, c, end, channels, channels) - threshold >= 0
        store(s, tl.where(high, 1.0, low), row, r, c, end, channels)


@triton.jit(do_not_specialize=["rows", "pieces", "span"])
def moments(
    y, before, slope, parts, rows, pieces, span, BLOCK_M: tl.constexpr, BLOCK_C: tl.constexpr, PIECE: tl.constexpr
):
    """parts, (2, blocks, C): each block's mean of z, and its sum of squares about that mean."""
    channels = pieces * PIECE
    r, c, start, end = place(rows, span, BLOCK_M, BLOCK_C)
    threshold, a = load_channels(before, c, channels), load_channels(slope, c, channels)
    pivot = prelu(load_channels(y + start * channels, c, channels).to(tl.float32) - threshold, a)
    first = tl.zeros((BLOCK_M, BLOCK_C), tl.float32)
    second = tl.zeros((BLOCK_M, BLOCK_C), tl.float32)
    for row in range(start, end, BLOCK_M):
        z = prelu(load(y, row, r, c, end, channels, channels) - threshold, a)
        z = tl.where(r < end - row, z - pivot, 0.0)
        first += z
        second += z * z
    total = tl.sum(first, 0, keep_dims=True)
    offset = total / (end - start).to(tl.float32)
    store_sums(parts, 0, pivot + offset, c, channels)
    store_sums(parts, 1, tl.sum(second, 0, keep_dims=True) - total * offset, c, channels)


@triton.jit
def settle(
    parts, running_mean, running_var, batches, eps, momentum, mean, inverse, rows, channels, span, BLOCK_M, BLOCK_C
):
    """mean and 1 / deviation, (1, BLOCK_C), from what `moments` found.

    One of the programs of a column keeps them, and moves the running statistics as nn.BatchNorm2d's do; one of all
    counts the batch.
    """
    r, c, _, _ = place(rows, span, BLOCK_M, BLOCK_C)
    blocks = tl.cdiv(rows, span)
    total = tl.zeros((1, BLOCK_C), tl.float32)
    for block in range(0, blocks, BLOCK_M):
        count = tl.maximum(tl.minimum(span, rows - (block + r) * span), 0)
        total += tl.sum(count * load(parts, block, r, c, blocks, channels, channels), 0, keep_dims=True)
    middle = total / rows
    squares = tl.zeros((1, BLOCK_C), tl.float32)
    for block in range(0, blocks, BLOCK_M):
        count = tl.maximum(tl.minimum(span, rows - (block + r) * span), 0)
        offset = load(parts, block, r, c, blocks, channels, channels) - middle
        within = load(parts + blocks * channels, block, r, c, blocks, channels, channels)
        squares += tl.sum(within + count * offset * offset, 0, keep_dims=True)
    scale = tl.rsqrt(squares / rows + eps)
    if tl.program_id(1) == 0:
        old_mean, old_var = load_channels(running_mean, c, channels), load_channels(running_var, c, channels)
        tl.store(mean + c, middle, mask=c < channels)
        tl.store(inverse + c, scale, mask=c < channels)
        tl.store(running_mean + c, old_mean + momentum * (middle - old_mean), mask=c < channels)
        tl.store(running_var + c, old_var + momentum * (squares / (rows - 1) - old_var), mask=c < channels)
        if tl.program_id(0) == 0:
            tl.store(batches, tl.load(batches) + 1)
    return middle, scale


@triton.jit(do_not_specialize=["rows", "pieces", "span"])
def statistics(
    parts,
    running_mean,
    running_var,
    batches,
    eps,
    momentum,
    mean,
    inverse,
    rows,
    pieces,
    span,
    BLOCK_M: tl.constexpr,
    BLOCK_C: tl.constexpr,
    PIECE: tl.constexpr,
):
    """What `settle` does, where there are more blocks than each program of `normalise` should read."""
    channels = pieces * PIECE
    settle(
        parts, running_mean, running_var, batches, eps, momentum, mean, inverse, rows, channels, span, BLOCK_M, BLOCK_C
    )


@triton.jit(do_not_specialize=["rows", "pieces", "span"])
def normalise(
    y,
    x,
    before,
    slope,
    gamma,
    beta,
    out,
    inputs,
    parts,
    running_mean,
    running_var,
    batches,
    eps,
    momentum,
    mean,
    inverse,
    rows,
    pieces,
    span,
    BLOCK_M: tl.constexpr,
    BLOCK_C: tl.constexpr,
    PIECE: tl.constexpr,
):
    """out = gamma (z - mean) / deviation + beta + x, with x, (M, I), repeated along channels as often as it takes.

    Where there are parts, see `settle`, mean and inverse are results.
    """
    channels = pieces * PIECE
    r, c, start, end = place(rows, span, BLOCK_M, BLOCK_C)
    threshold, a = load_channels(before, c, channels), load_channels(slope, c, channels)
    if parts is None:
        middle, scale = load_channels(mean, c, channels), load_channels(inverse, c, channels)
    else:
        middle, scale = settle(
            parts,
            running_mean,
            running_var,
            batches,
            eps,
            momentum,
            mean,
            inverse,
            rows,
            channels,
            span,
            BLOCK_M,
            BLOCK_C,
        )
    scale *= load_channels(gamma, c, channels)
    offset = load_channels(beta, c, channels)
    for row in range(start, end, BLOCK_M):
        z = prelu(load(y, row, r, c, end, channels, channels) - threshold, a)
        skip = load(x, row, r, c % inputs, end, inputs, inputs)
        store(out, (z - middle) * scale + offset + skip, row, r, c, end, channels)

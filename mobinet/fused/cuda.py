"""The fused unit for CUDA: element-wise chains as Triton kernels, products by cuBLAS and cuDNN.

Activations are matrices of rows x channels, (M, C) with M = N H W: the memory of a channels_last tensor. `z` is
PReLU(y - before). A program takes `span` rows of BLOCK_C channels, and writes what it sums in float32 beside the sums
of the others, in the order of the rows: no atomics, so that equal inputs give equal results. Integers that are not
specialized would have a kernel compiled anew for many an architecture.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from mobinet.fused.constants import Constants, Parameters

BLOCK_M = 64
BLOCK_C = 32
BLOCKS = 1024
"""At most so many programs share the rows."""


@triton.jit
def place(rows, span, BLOCK_M: tl.constexpr, BLOCK_C: tl.constexpr):
    """Where a program works: rows of a tile, (BLOCK_M, 1), channels, (1, BLOCK_C), its first row and its end."""
    r = tl.arange(0, BLOCK_M)[:, None]
    c = tl.program_id(0) * BLOCK_C + tl.arange(0, BLOCK_C)[None, :]
    start = tl.program_id(1).to(tl.int64) * span
    return r, c, start, tl.minimum(start + span, rows)


@triton.jit
def load(matrix, row, r, c, end, channels, stride):
    """The tile at `row` and the channels c, 0 beyond `end` and `channels`; (BLOCK_M, BLOCK_C) in float32."""
    inside = (r < end - row) & (c < channels)
    return tl.load(matrix + row * stride + r * stride + c, mask=inside, other=0).to(tl.float32)


@triton.jit
def store(matrix, tile, row, r, c, end, channels):
    tl.store(matrix + row * channels + r * channels + c, tile, mask=(r < end - row) & (c < channels))


@triton.jit
def load_channels(vector, c, channels):
    return tl.load(vector + c, mask=c < channels, other=0)


@triton.jit
def store_sums(parts, index, sums, c, channels):
    """A program's row of parts[index], with parts (k, blocks, C)."""
    row = index * tl.num_programs(1) + tl.program_id(1)
    tl.store(parts + row * channels + c, sums, mask=c < channels)


@triton.jit
def prelu(v, slope):
    return tl.where(v > 0, v, slope * v)


@triton.jit(do_not_specialize=["rows", "span"])
def signs(x, shift, s, low, rows, channels, span, BLOCK_M: tl.constexpr, BLOCK_C: tl.constexpr):
    """s = 1 where x >= shift, else low; (M, C)."""
    r, c, start, end = place(rows, span, BLOCK_M, BLOCK_C)
    threshold = load_channels(shift, c, channels)
    for row in range(start, end, BLOCK_M):
        high = load(x, row, r, c, end, channels, channels) - threshold >= 0
        store(s, tl.where(high, 1.0, low), row, r, c, end, channels)


@triton.jit(do_not_specialize=["rows", "span"])
def moments(y, before, slope, parts, rows, channels, span, BLOCK_M: tl.constexpr, BLOCK_C: tl.constexpr):
    """parts, (2, blocks, C): each block's mean of z, and its sum of squares about that mean."""
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


@triton.jit(do_not_specialize=["rows", "span"])
def statistics(
    parts,
    running_mean,
    running_var,
    mean,
    inverse,
    eps,
    momentum,
    rows,
    channels,
    span,
    BLOCK_M: tl.constexpr,
    BLOCK_C: tl.constexpr,
):
    """mean and 1 / deviation, (C,), from what `moments` found; running statistics move as nn.BatchNorm2d's do."""
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
    old_mean, old_var = load_channels(running_mean, c, channels), load_channels(running_var, c, channels)
    tl.store(mean + c, middle, mask=c < channels)
    tl.store(inverse + c, tl.rsqrt(squares / rows + eps), mask=c < channels)
    tl.store(running_mean + c, old_mean + momentum * (middle - old_mean), mask=c < channels)
    tl.store(running_var + c, old_var + momentum * (squares / (rows - 1) - old_var), mask=c < channels)


@triton.jit(do_not_specialize=["rows", "span"])
def normalise(
    y,
    x,
    before,
    slope,
    mean,
    inverse,
    gamma,
    beta,
    out,
    inputs,
    rows,
    channels,
    span,
    BLOCK_M: tl.constexpr,
    BLOCK_C: tl.constexpr,
):
    """out = gamma (z - mean) / deviation + beta + x, with x, (M, I), repeated along channels as often as it takes."""
    r, c, start, end = place(rows, span, BLOCK_M, BLOCK_C)
    threshold, a = load_channels(before, c, channels), load_channels(slope, c, channels)
    scale = load_channels(gamma, c, channels) * load_channels(inverse, c, channels)
    middle, offset = load_channels(mean, c, channels), load_channels(beta, c, channels)
    for row in range(start, end, BLOCK_M):
        z = prelu(load(y, row, r, c, end, channels, channels) - threshold, a)
        skip = load(x, row, r, c % inputs, end, inputs, inputs)
        store(out, (z - middle) * scale + offset + skip, row, r, c, end, channels)


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


def spans(rows: int) -> int:
    """How many rows, a multiple of BLOCK_M, each of at most BLOCKS programs takes."""
    return triton.cdiv(triton.cdiv(rows, BLOCKS), BLOCK_M) * BLOCK_M


def launch(
    kernel: triton.JITFunction, shape: tuple[int, int], *arguments: Tensor | float, split: bool = True, **constants: int
) -> None:
    """Run a kernel over (M, C), programs sharing channels and, where `split`, rows."""
    rows, channels = shape
    span = spans(rows)
    grid = triton.cdiv(channels, BLOCK_C), triton.cdiv(rows, span) if split else 1
    with torch.cuda.device_of(arguments[0]):
        kernel[grid](*arguments, rows, channels, span, BLOCK_M=BLOCK_M, BLOCK_C=BLOCK_C, **constants)


def empty_parts(sums: int, shape: tuple[int, int], like: Tensor) -> Tensor:
    """Room for the sums of each block of rows, (sums, blocks, C)."""
    rows, channels = shape
    return like.new_empty((sums, triton.cdiv(rows, spans(rows)), channels), dtype=torch.float32)


def matrix(x: Tensor) -> Tensor:
    """(N, C, H, W) -> (N H W, C), without a copy where the memory is channels_last."""
    return x.permute(0, 2, 3, 1).contiguous().flatten(0, 2)


def images(rows: Tensor, like: Tensor) -> Tensor:
    """(N H W, C) -> (N, C, H, W), channels_last, with N, H and W those of `like`."""
    n, _, h, w = like.shape
    return rows.view(n, h, w, -1).permute(0, 3, 1, 2)


def filled(given: Parameters, x: Tensor) -> Parameters:
    """With weights in the type of x, and zeros for what the unit has not."""
    filters = torch.zeros_like(given.gamma)
    shift = x.new_zeros(x.shape[1], dtype=torch.float32) if given.shift is None else given.shift
    before, slope = (filters if parameter is None else parameter for parameter in (given.before, given.slope))
    return given._replace(weight=given.weight.to(x.dtype), shift=shift, before=before, slope=slope)


def is_product(weight: Tensor, unit: Constants) -> bool:
    """Whether the convolution is a product of matrices."""
    return weight.shape[2:] == (1, 1) and unit.groups == 1


def convolve(x: Tensor, weight: Tensor, shift: Tensor, unit: Constants) -> tuple[Tensor, Tensor]:
    """s, (N, I, H, W), the signs of x, and y, (M, O), their convolution."""
    x_rows = matrix(x)
    s_rows = torch.empty_like(x_rows)
    launch(signs, x_rows.shape, x_rows, shift, s_rows, unit.low)
    s = images(s_rows, x)
    if is_product(weight, unit):
        return s, s_rows @ weight.flatten(1).t()
    return s, matrix(torch.conv2d(s, weight, padding=unit.padding, groups=unit.groups))


def forward(x: Tensor, given: Parameters, unit: Constants) -> tuple[Tensor, tuple[Tensor, ...], tuple]:
    """A training step's output, and what `backward` needs, tensors and others; running statistics are updated.

    Args:
        x: (N, I, H, W), float32 or bfloat16; the convolution runs in its type.
        given: with binary weights.
    """
    weight, shift, before, slope, gamma, beta, running_mean, running_var, batches = filled(given, x)
    x = x.contiguous(memory_format=torch.channels_last)
    s, y = convolve(x, weight, shift, unit)
    mean, inverse = torch.empty_like(gamma), torch.empty_like(gamma)
    parts = empty_parts(2, y.shape, y)
    launch(moments, y.shape, y, before, slope, parts)
    numbers = unit.eps, unit.momentum
    launch(statistics, y.shape, parts, running_mean, running_var, mean, inverse, *numbers, split=False)
    batches.add_(1)
    out = torch.empty_like(y)
    launch(normalise, y.shape, y, matrix(x), before, slope, mean, inverse, gamma, beta, out, x.shape[1])
    # s stays in x's type, as the convolutions of both directions read it: to recompute it would read x and write s
    # once more, and int8 would be written and read on top of that.
    return images(out, x), (x, s, y, weight, shift, before, slope, gamma, mean, inverse), ()


def backward(saved: tuple[Tensor, ...], others: tuple, grad: Tensor, unit: Constants) -> tuple[Tensor, ...]:
    """The gradients of x, weight, shift, before, slope, gamma and beta, from that of the output."""
    x, s, y, weight, shift, before, slope, gamma, mean, inverse = saved
    g, x_rows = matrix(grad), matrix(x)
    gy, gx = torch.empty_like(y), torch.empty_like(x_rows)
    parts = empty_parts(2, y.shape, y)
    launch(norm_gradients, y.shape, g, y, before, slope, mean, inverse, parts)
    sums = parts.sum(1)
    launch(conv_gradient, y.shape, g, y, before, slope, mean, inverse, gamma, sums, gy, parts)
    g_before, g_slope = parts.sum(1)
    if is_product(weight, unit):
        gs, g_weight = gy @ weight.flatten(1), (gy.t() @ matrix(s)).view_as(weight)
    else:
        gs, g_weight, _ = torch.ops.aten.convolution_backward(
            images(gy, x),
            s,
            weight,
            None,
            [1, 1],
            [unit.padding] * 2,
            [1, 1],
            False,
            [0, 0],
            unit.groups,
            [True, True, False],
        )
        gs = matrix(gs)
    parts = empty_parts(1, gx.shape, gx)
    repeats = y.shape[1] // x.shape[1]
    launch(input_gradient, gx.shape, g, gs, x_rows, shift, gx, parts, *unit.surrogate, REPEATS=repeats)
    return images(gx, x), g_weight.float(), parts.sum((0, 1)), g_before, g_slope, sums[1], sums[0]


def evaluate(x: Tensor, given: Parameters, unit: Constants) -> Tensor:
    """The output with running statistics; arguments as in `forward`."""
    weight, shift, before, slope, gamma, beta, running_mean, running_var, _ = filled(given, x)
    x = x.contiguous(memory_format=torch.channels_last)
    _, y = convolve(x, weight, shift, unit)
    inverse, out = (running_var + unit.eps).rsqrt(), torch.empty_like(y)
    launch(normalise, y.shape, y, matrix(x), before, slope, running_mean, inverse, gamma, beta, out, x.shape[1])
    return images(out, x)

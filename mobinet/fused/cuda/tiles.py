"""What the Triton kernels share: where a program works, and how it reads and writes there.

Activations are matrices of rows x channels, (M, C) with M = N H W: the memory of a channels_last tensor. A program
takes `span` rows of BLOCK_C channels, and writes what it sums in float32 beside the sums of the others, in the order of
the rows: no atomics, so that equal inputs give equal results.
"""

import triton
import triton.language as tl


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
    """Zeros where there is no vector."""
    return tl.zeros_like(c).to(tl.float32) if vector is None else tl.load(vector + c, mask=c < channels, other=0)


@triton.jit
def store_sums(parts, index, sums, c, channels):
    """A program's row of parts[index], with parts (k, blocks, C)."""
    row = index * tl.num_programs(1) + tl.program_id(1)
    tl.store(parts + row * channels + c, sums, mask=c < channels)


@triton.jit
def load_total(parts, index, r, c, channels, stride):
    """The sum over all blocks, of which there are as many as programs share the rows, of parts[index].

    A tile holds them; parts are (k, blocks, stride).
    """
    blocks = tl.num_programs(1)
    return tl.sum(load(parts + index * blocks * stride, 0, r, c, blocks, channels, stride), 0, keep_dims=True)


@triton.jit
def prelu(v, slope):
    return tl.where(v > 0, v, slope * v)

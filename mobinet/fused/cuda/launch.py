"""How a Triton kernel is launched over a matrix, (M, C).

Integers that are not specialized would have a kernel compiled anew for many an architecture.
"""

import math

import torch
import triton
from torch import Tensor

BLOCK_M = 64
BLOCK_WEIGHTS = 256
BLOCK_C = 32
PIECE = 16
"""A kernel is compiled for the largest divisor of this that divides the channels too, so that it reads wide words."""
BLOCKS = 1024
"""At most so many programs share the rows."""


def spans(rows: int) -> int:
    """How many rows, a multiple of BLOCK_M, each of at most BLOCKS programs takes."""
    return triton.cdiv(triton.cdiv(rows, BLOCKS), BLOCK_M) * BLOCK_M


def launch(
    kernel: triton.JITFunction,
    shape: tuple[int, int],
    *arguments: Tensor | float | None,
    split: bool = True,
    **constants: int,
) -> None:
    """Run a kernel over (M, C), programs sharing channels and, where `split`, rows."""
    rows, channels = shape
    span = spans(rows)
    grid = triton.cdiv(channels, BLOCK_C), triton.cdiv(rows, span) if split else 1
    piece = math.gcd(channels, PIECE)
    constants |= {"BLOCK_M": BLOCK_M, "BLOCK_C": BLOCK_C, "PIECE": piece}
    with torch.cuda.device_of(arguments[0]):
        kernel[grid](*arguments, rows, channels // piece, span, **constants)


def launch_filters(
    kernel: triton.JITFunction,
    latent: Tensor,
    table: Tensor | None,
    *arguments: Tensor | float,
    **constants: bool,
) -> None:
    """Run a kernel over the filters of latent weights, (O, I / groups, k, k), or over those in a table of filters."""
    if table is None:
        filters, size, area = len(latent), latent.shape[1:].numel(), latent.shape[2:].numel()
    else:
        filters, size, area = len(table), 0, 0
    with torch.cuda.device_of(latent):
        kernel[(filters,)](*arguments, table, size, area, BLOCK=BLOCK_WEIGHTS, **constants)


def empty_parts(sums: int, shape: tuple[int, int], like: Tensor) -> Tensor:
    """Room for the sums of each block of rows, (sums, blocks, C)."""
    rows, channels = shape
    return like.new_empty((sums, triton.cdiv(rows, spans(rows)), channels), dtype=torch.float32)


def is_few(parts: Tensor) -> bool:
    """Whether one tile holds the sums of all blocks, so that each program of the kernel that needs them may add them.

    It does where images are small: then kernels are short, and each launch that is saved counts.
    """
    return parts.shape[1] <= BLOCK_M

"""The Triton kernels of latent weights: one program takes one filter, of one convolution or of many.

A filter's latent weights lie as (I / groups, k, k); binary ones and their gradient as (k, k, I / groups), that is
channels_last, as cuDNN reads and writes them.
"""

import triton
import triton.language as tl


@triton.jit
def filter_at(table, size, area):
    """Where this program's filter begins, how many weights it has, and how many of them are of one channel.

    It stands in table, (filters, 3); without one the filters are alike, of `size` weights.
    """
    o = tl.program_id(0)
    first = o * size
    if table is not None:
        first, size, area = tl.load(table + 3 * o), tl.load(table + 3 * o + 1), tl.load(table + 3 * o + 2)
    return first, size, area


@triton.jit
def channels_last(i, size, area):
    """From places in (I / groups, k, k) to those in (k, k, I / groups)."""
    return i % area * (size // area) + i // area


@triton.jit(do_not_specialize=["size", "area"])
def binarise(latent, binary, alphas, table, size, area, SCALED: tl.constexpr, BLOCK: tl.constexpr):
    """binary = alpha * sign(W), with alpha, of each filter, the mean of |W| if SCALED, else 1."""
    first, size, area = filter_at(table, size, area)
    i = tl.arange(0, BLOCK)
    alpha = 1.0
    if SCALED:
        total = tl.zeros((BLOCK,), tl.float32)
        for start in range(0, size, BLOCK):
            total += tl.abs(tl.load(latent + first + start + i, mask=i < size - start, other=0))
        alpha = tl.sum(total, 0) / size
    tl.store(alphas + tl.program_id(0), alpha)
    for start in range(0, size, BLOCK):
        inside = i < size - start
        weight = tl.load(latent + first + start + i, mask=inside, other=0)
        place = first + channels_last(start + i, size, area)
        tl.store(binary + place, tl.where(weight >= 0, alpha, -alpha), mask=inside)


@triton.jit(do_not_specialize=["size", "area"])
def latent_gradient(
    gradient,
    latent,
    alphas,
    found,
    peak,
    fall,
    knee,
    tail,
    reach,
    through_scale,
    table,
    size,
    area,
    BLOCK: tl.constexpr,
):
    """From the gradient of binary weights to that of latent ones, float32; `through_scale` is 1 or 0."""
    first, size, area = filter_at(table, size, area)
    i = tl.arange(0, BLOCK)
    alpha = tl.load(alphas + tl.program_id(0))
    whole = through_scale / size
    for start in range(0, size, BLOCK):
        inside = i < size - start
        distance = tl.abs(tl.load(latent + first + start + i, mask=inside, other=0))
        beyond = tl.where(distance <= reach, tail, 0.0)
        surrogate = tl.where(distance <= knee, peak - fall * distance, beyond)
        place = first + channels_last(start + i, size, area)
        passed = tl.load(gradient + place, mask=inside, other=0).to(tl.float32)
        tl.store(found + first + start + i, passed * (alpha * surrogate + whole), mask=inside)

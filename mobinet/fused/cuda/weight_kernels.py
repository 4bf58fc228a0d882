"""The Triton kernels of a convolution's latent weights, (O, n): one program takes one filter."""

import triton
import triton.language as tl


@triton.jit(do_not_specialize=["size"])
def binarise(latent, binary, alphas, size, SCALED: tl.constexpr, BLOCK: tl.constexpr):
    """binary = alpha * sign(W), with alpha, (O,), the mean of |W| if SCALED, else 1."""
    o, i = tl.program_id(0), tl.arange(0, BLOCK)
    alpha = 1.0
    if SCALED:
        total = tl.zeros((BLOCK,), tl.float32)
        for start in range(0, size, BLOCK):
            total += tl.abs(tl.load(latent + o * size + start + i, mask=i < size - start, other=0))
        alpha = tl.sum(total, 0) / size
    tl.store(alphas + o, alpha)
    for start in range(0, size, BLOCK):
        weight = tl.load(latent + o * size + start + i, mask=i < size - start, other=0)
        tl.store(binary + o * size + start + i, tl.where(weight >= 0, alpha, -alpha), mask=i < size - start)


@triton.jit(do_not_specialize=["size"])
def latent_gradient(gradient, latent, alphas, found, peak, fall, knee, tail, reach, whole, size, BLOCK: tl.constexpr):
    """From the gradient of binary weights to that of latent ones, float32; `whole` is added to each derivative."""
    o, i = tl.program_id(0), tl.arange(0, BLOCK)
    alpha = tl.load(alphas + o)
    for start in range(0, size, BLOCK):
        inside = i < size - start
        distance = tl.abs(tl.load(latent + o * size + start + i, mask=inside, other=0))
        beyond = tl.where(distance <= reach, tail, 0.0)
        surrogate = tl.where(distance <= knee, peak - fall * distance, beyond)
        passed = tl.load(gradient + o * size + start + i, mask=inside, other=0).to(tl.float32)
        tl.store(found + o * size + start + i, passed * (alpha * surrogate + whole), mask=inside)

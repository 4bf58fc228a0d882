"""The fused unit for CUDA: element-wise chains as Triton kernels, products by cuBLAS and cuDNN.

Activations are matrices of rows x channels, (M, C) with M = N H W: the memory of a channels_last tensor.
"""

from typing import Any

import torch
from torch import Tensor

from mobinet.fused.cuda.backward_kernels import conv_gradient, input_gradient, norm_gradients
from mobinet.fused.cuda.forward_kernels import moments, normalise, signs, statistics
from mobinet.fused.cuda.launch import empty_parts, is_few, launch
from mobinet.fused.cuda.weights import binarised, latent_gradient_of
from mobinet.fused.spec import Parameters, UnitSpec, WeightRule

SETTLED = (None,) * 6
"""Arguments of `normalise` where mean and deviation are known already."""


def matrix(x: Tensor) -> Tensor:
    """(N, C, H, W) -> (N H W, C), without a copy where the memory is channels_last."""
    return x.permute(0, 2, 3, 1).contiguous().flatten(0, 2)


def images(rows: Tensor, like: Tensor) -> Tensor:
    """(N H W, C) -> (N, C, H, W), channels_last, with N, H and W those of `like`."""
    n, _, h, w = like.shape
    return rows.view(n, h, w, -1).permute(0, 3, 1, 2)


def sums_of(parts: Tensor) -> tuple[Tensor | None, Tensor]:
    """Of few blocks, the parts, which a later kernel adds, and room for the sums, (k, C); else None and the sums."""
    if is_few(parts):
        return parts, parts.new_empty((parts.shape[0], parts.shape[2]))
    return None, parts.sum(1)


def is_product(weight: Tensor, spec: UnitSpec) -> bool:
    """Whether the convolution is a product of matrices."""
    return weight.shape[2:] == (1, 1) and spec.groups == 1


def convolve(x: Tensor, weight: Tensor, shift: Tensor | None, spec: UnitSpec) -> tuple[Tensor, Tensor]:
    """s, (N, I, H, W), the signs of x, and y, (M, O), their convolution."""
    x_rows = matrix(x)
    s_rows = torch.empty_like(x_rows)
    launch(signs, x_rows.shape, x_rows, shift, s_rows, spec.low)
    s = images(s_rows, x)
    if is_product(weight, spec):
        return s, s_rows @ weight.flatten(1).t()
    return s, matrix(torch.conv2d(s, weight, padding=spec.padding, groups=spec.groups))


def forward(x: Tensor, parameters: Parameters, spec: UnitSpec) -> tuple[Tensor, tuple[Tensor | None, ...], tuple]:
    """A training step's output, and what `backward` needs, tensors and others; running statistics are updated.

    Args:
        x: (N, I, H, W), float32 or bfloat16; the convolution runs in its type.
        parameters: with latent weights where `spec.weight` says how to binarize them, else with binary ones.
    """
    weight, shift, before, slope, gamma, beta, running_mean, running_var, batches = parameters
    x = x.contiguous(memory_format=torch.channels_last)
    latent = alphas = None
    if spec.weight is None:
        weight = weight.to(x.dtype)
    else:
        latent = weight.contiguous()
        weight, alphas = binarised(latent, spec.weight, x.dtype)
    s, y = convolve(x, weight, shift, spec)
    parts = empty_parts(2, y.shape, y)
    launch(moments, y.shape, y, before, slope, parts)
    mean, inverse, out = torch.empty_like(gamma), torch.empty_like(gamma), torch.empty_like(y)
    settled = parts, running_mean, running_var, batches, spec.eps, spec.momentum
    if not is_few(parts):
        launch(statistics, y.shape, *settled, mean, inverse, split=False)
        settled = SETTLED
    launch(normalise, y.shape, y, matrix(x), before, slope, gamma, beta, out, x.shape[1], *settled, mean, inverse)
    # s stays in x's type, as the convolutions of both directions read it: to recompute it would read x and write s
    # once more, and int8 would be written and read on top of that.
    return images(out, x), (x, s, y, weight, latent, alphas, shift, before, slope, gamma, mean, inverse), ()


def backward(saved: tuple[Any, ...], others: tuple, grad: Tensor, spec: UnitSpec) -> tuple[Tensor | None, ...]:
    """The gradients of x, weight, shift (if there is one), before, slope, gamma and beta, from that of the output."""
    x, s, y, weight, latent, alphas, shift, before, slope, gamma, mean, inverse = saved
    g, x_rows = matrix(grad), matrix(x)
    gy, gx = torch.empty_like(y), torch.empty_like(x_rows)
    parts = empty_parts(2, y.shape, y)
    launch(norm_gradients, y.shape, g, y, before, slope, mean, inverse, parts)
    norm_sums = sums_of(parts)
    parts = empty_parts(2, y.shape, y)
    launch(conv_gradient, y.shape, g, y, before, slope, mean, inverse, gamma, *norm_sums, gy, parts)
    conv_sums = sums_of(parts)
    if is_product(weight, spec):
        gs, g_weight = gy @ weight.flatten(1), (gy.t() @ matrix(s)).view_as(weight)
    else:
        gs, g_weight, _ = torch.ops.aten.convolution_backward(
            images(gy, x),
            s,
            weight,
            None,
            [1, 1],
            [spec.padding] * 2,
            [1, 1],
            False,
            [0, 0],
            spec.groups,
            [True, True, False],
        )
        gs = matrix(gs)
    if spec.weight is not None:
        g_weight = latent_gradient_of(g_weight, latent, alphas, spec.weight)
    parts = empty_parts(1, gx.shape, gx)
    repeats = y.shape[1] // x.shape[1]
    launch(input_gradient, gx.shape, g, gs, x_rows, shift, gx, parts, *conv_sums, *spec.surrogate, REPEATS=repeats)
    g_shift = None if shift is None else parts.sum((0, 1))
    (g_before, g_slope), (g_beta, g_gamma) = conv_sums[1], norm_sums[1]
    return images(gx, x), g_weight, g_shift, g_before, g_slope, g_gamma, g_beta


def evaluate(x: Tensor, parameters: Parameters, spec: UnitSpec) -> Tensor:
    """The output with running statistics; arguments as in `forward`."""
    weight, shift, before, slope, gamma, beta, running_mean, running_var, _ = parameters
    x = x.contiguous(memory_format=torch.channels_last)
    _, y = convolve(x, weight.to(x.dtype), shift, spec)
    inverse, out = (running_var + spec.eps).rsqrt(), torch.empty_like(y)
    arguments = y, matrix(x), before, slope, gamma, beta, out, x.shape[1]
    launch(normalise, y.shape, *arguments, *SETTLED, running_mean, inverse)
    return images(out, x)


def probe() -> None:
    """Launch a kernel. Triton imports without a C compiler, but then raises at the first launch."""
    binarised(torch.ones(1, 1, device="cuda"), WeightRule((1.0, 0.0, 1.0, 0.0, 0.0), True, True), torch.float32)

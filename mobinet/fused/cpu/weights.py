"""Numba kernels of a convolution's latent weights, (O, n): forward to binary ones, backward from their gradient."""

import numpy as np

from mobinet.fused.cpu.compile import kernel
from mobinet.fused.cpu.signs import surrogate_derivative


@kernel
def binarise(latent, scaled, binary):
    """Latent weights, (O, n), to alpha * sign(W), with alpha = mean |W| of a filter if scaled, else 1."""
    filters, size = latent.shape
    for o in range(filters):
        total = np.float32(0)
        for i in range(size):
            total += abs(latent[o, i])
        alpha = total / np.float32(size) if scaled else np.float32(1)
        for i in range(size):
            binary[o, i] = alpha if latent[o, i] >= 0 else -alpha


@kernel
def join_affine(binary, before, slope, affine):
    """`affine`, (3, O), from what it is made of; binary is (O, n)."""
    for o in range(before.size):
        affine[0, o] = abs(binary[o, 0])
        affine[1, o] = before[o]
        affine[2, o] = slope[o]


@kernel
def latent_gradient(gradient, latent, binary, surrogate, through_scale):
    """From the gradient of binary weights to that of latent ones, in place."""
    filters, size = latent.shape
    whole = np.float32(through_scale / size)
    for o in range(filters):
        alpha = abs(binary[o, 0])
        for i in range(size):
            gradient[o, i] *= alpha * surrogate_derivative(abs(latent[o, i]), surrogate) + whole

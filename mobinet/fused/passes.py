"""The fused unit's passes over a batch on the CPU, each compiled whole with all that a thread does of it.

A batch is cut into slots of images at `edges`, (slots + 1,). Of so many threads each takes every so manieth slot, and
leaves what it sums over a slot in a place of its own.
"""

import numpy as np

from mobinet.fused import kernels
from mobinet.fused.grouped import blocks_backward, grouped, grouped_backward
from mobinet.fused.kernels import kernel
from mobinet.fused.pointwise import pointwise, pointwise_backward

LIBRARY, POINTWISE, GROUPED, BLOCKS = range(4)
"""Routes of a convolution: by torch, 1x1, 3x3 in groups, and 3x3 in groups backward as matrix products."""
SUMS = 5
"""Channel gradients: of beta, gamma, before and slope, (O,), and of shift, (I,)."""


@kernel
def convolve(thread, threads, edges, route, signed, binary, affine, y, found):
    """y, (N, H, W, O), unless torch has found it, and found, (slots, 3, O) or empty, the `moments` of each slot.

    signed: x, (N, H, W, I), shift and low.
    """
    x, shift, low = signed
    for i in range(thread, edges.size - 1, threads):
        part = slice(edges[i], edges[i + 1])
        if route == POINTWISE:
            pointwise(x[part], shift, low, binary, y[part])
        elif route == GROUPED:
            grouped(x[part], shift, low, binary, y[part])
        if found.size:
            kernels.moments(y[part], affine, found[i])


@kernel
def normalise(thread, threads, edges, y, affine, statistics, gamma, beta, x, out):
    """`kernels.normalise`, slot by slot."""
    for i in range(thread, edges.size - 1, threads):
        part = slice(edges[i], edges[i + 1])
        kernels.normalise(y[part], affine, statistics, gamma, beta, x[part], out[part])


@kernel
def sum_norm_gradients(thread, threads, edges, g, y, affine, statistics, sums):
    """The first two of sums, (slots, SUMS, O), gain the gradients of beta and gamma."""
    for i in range(thread, edges.size - 1, threads):
        part = slice(edges[i], edges[i + 1])
        kernels.norm_gradients(g[part], y[part], affine, statistics, sums[i, :2])


@kernel
def pass_back(thread, threads, edges, images, route, binary, g, normed, signed, gx, sums, weight_sums):
    """gx, (N, H, W, I), from g, (N, H, W, O), so many images at a time; sums and weight_sums gain the other gradients.

    normed: y, affine, statistics, gamma, and the sums of the gradients of beta and gamma, (2, O).
    signed: x, shift, low and the surrogate of sign.
    sums: (slots, SUMS, O).
    weight_sums: of binary, (slots, O, n).
    """
    y, affine, statistics, gamma, norm_sums = normed
    x, shift, low, surrogate = signed
    batch, height, width, inputs = x.shape
    gys = np.empty((images, height, width, y.shape[3]), np.float32)
    ss = np.empty((images, height, width, inputs), np.float32)
    gss = np.empty_like(ss)
    for i in range(thread, edges.size - 1, threads):
        for start in range(edges[i], edges[i + 1], images):
            part = slice(start, min(start + images, edges[i + 1]))
            size = part.stop - part.start
            gy, s, gs = gys[:size], ss[:size], gss[:size]
            rows = batch * height * width
            kernels.conv_gradient(g[part], y[part], affine, statistics, gamma, norm_sums, rows, gy, sums[i, 2:4])
            kernels.signs(x[part], shift, low, s)
            if route == POINTWISE:
                pointwise_backward(s, gy, binary, gs, weight_sums[i])
            elif route == GROUPED:
                grouped_backward(s, gy, binary, gs, weight_sums[i])
            else:
                blocks_backward(s, gy, binary, gs, weight_sums[i])
            kernels.input_gradient(g[part], gs, x[part], shift, surrogate, gx[part], sums[i, 4, :inputs])

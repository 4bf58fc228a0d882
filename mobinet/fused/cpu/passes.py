"""The fused unit's passes over a batch on the CPU, each compiled whole with all that a thread does of it.

Each takes a thread's slots, see `team`, and leaves what it sums over a slot in a place of its own. Its records come as
plain tuples, see `records`.
"""

import numpy as np

from mobinet.fused.cpu import norm as rows
from mobinet.fused.cpu.compile import kernel
from mobinet.fused.cpu.grouped import grouped
from mobinet.fused.cpu.patches import patches_backward
from mobinet.fused.cpu.pointwise import pointwise, pointwise_backward
from mobinet.fused.cpu.records import Gradients, Norm, Output, Signed, Slots
from mobinet.fused.cpu.routes import GROUPED, POINTWISE
from mobinet.fused.cpu.signs import input_gradient, signs
from mobinet.fused.cpu.taps import taps_backward

CHANNEL_GRADIENTS = 5
"""Of beta, gamma, before and slope, (O,), and of shift, (I,)."""


@kernel
def convolve(slots, route, signed, binary, output, slot_moments):
    """The output, unless torch has computed it, and slot_moments, (slots, 3, O) or empty, the `moments` of each slot.

    signed: a `Signed`.
    binary: (O, n).
    output: an `Output`.
    """
    slots, signed, output = Slots(*slots), Signed(*signed), Output(*output)
    for i in range(slots.thread, slots.edges.size - 1, slots.threads):
        part = slice(slots.edges[i], slots.edges[i + 1])
        images = Signed(signed.x[part], signed.shift, signed.low, signed.surrogate)
        y = output.y[part]
        if route == POINTWISE:
            pointwise(images, binary, y)
        elif route == GROUPED:
            grouped(images, binary, y)
        if slot_moments.size:
            rows.moments(Output(y, output.affine), slot_moments[i])


@kernel
def normalise(slots, output, norm, x, out):
    """`norm.normalise`, slot by slot."""
    slots, output, norm = Slots(*slots), Output(*output), Norm(*norm)
    for i in range(slots.thread, slots.edges.size - 1, slots.threads):
        part = slice(slots.edges[i], slots.edges[i + 1])
        rows.normalise(Output(output.y[part], output.affine), norm, x[part], out[part])


@kernel
def sum_norm_gradients(slots, g, output, statistics, sums):
    """The first two of sums, (slots, CHANNEL_GRADIENTS, O), gain the gradients of beta and gamma."""
    slots, output = Slots(*slots), Output(*output)
    for i in range(slots.thread, slots.edges.size - 1, slots.threads):
        part = slice(slots.edges[i], slots.edges[i + 1])
        rows.norm_gradients(g[part], Output(output.y[part], output.affine), statistics, sums[i, :2])


@kernel
def pass_back(slots, images, route, binary, g, output, norm, norm_sums, signed, gradients):
    """All `gradients` from g, (N, H, W, O), so many images at a time; its sums of channels and weights gain.

    binary: (O, n).
    norm_sums: the gradients of beta and gamma, (2, O).
    """
    slots, output, norm = Slots(*slots), Output(*output), Norm(*norm)
    signed, gradients = Signed(*signed), Gradients(*gradients)
    batch, height, width, inputs = signed.x.shape
    gys = np.empty((images, height, width, output.y.shape[3]), np.float32)
    ss = np.empty((images, height, width, inputs), np.float32)
    gss = np.empty_like(ss)
    for i in range(slots.thread, slots.edges.size - 1, slots.threads):
        sums, weight_sums = gradients.channels[i], gradients.weight[i]
        for start in range(slots.edges[i], slots.edges[i + 1], images):
            part = slice(start, min(start + images, slots.edges[i + 1]))
            size = part.stop - part.start
            gy, s, gs = gys[:size], ss[:size], gss[:size]
            here = Signed(signed.x[part], signed.shift, signed.low, signed.surrogate)
            y = Output(output.y[part], output.affine)
            rows.conv_gradient(g[part], y, norm, norm_sums, batch * height * width, gy, sums[2:4])
            signs(here, s)
            if route == POINTWISE:
                pointwise_backward(s, gy, binary, gs, weight_sums)
            elif route == GROUPED:
                taps_backward(s, gy, binary, gs, weight_sums)
            else:
                patches_backward(s, gy, binary, gs, weight_sums)
            input_gradient(g[part], gs, here, gradients.x[part], sums[4, :inputs])

"""Passes whose convolution is torch's, for shapes at which it is faster than our kernels. Arguments: see `passes`."""

import numpy as np
import torch
from numpy import ndarray
from torch import Tensor

from mobinet.fused.cpu.memory import channels_first, channels_last
from mobinet.fused.cpu.norm import conv_gradient
from mobinet.fused.cpu.records import Gradients, Output, Signed, Slots
from mobinet.fused.cpu.signs import input_gradient, signs
from mobinet.fused.spec import UnitSpec


def convolve_by_library(slots: tuple, signed: tuple, weight: Tensor, spec: UnitSpec, output: tuple) -> None:
    """y of the output, from the signs of the weights, (O, I / groups, k, k)."""
    (thread, threads, edges), (x, *sign), (y, _) = slots, signed, output
    for i in range(thread, len(edges) - 1, threads):
        part = slice(edges[i], edges[i + 1])
        s = np.empty_like(x[part])
        signs((x[part], *sign), s)
        out = torch.conv2d(channels_first(s), weight, padding=spec.padding, groups=spec.groups)
        y[part] = channels_last(out.round_())


def pass_back_by_library(
    slots: tuple, images: int, weight: Tensor, spec: UnitSpec,
    g: ndarray, output: tuple, norm: tuple, norm_sums: ndarray, signed: tuple, gradients: tuple,
) -> None:  # fmt: skip
    """All gradients, from the binary weights, (O, I / groups, k, k)."""
    slots, signed, output, gradients = Slots(*slots), Signed(*signed), Output(*output), Gradients(*gradients)
    rows, padding = output.y[..., 0].size, (spec.padding, spec.padding)
    for i in range(slots.thread, len(slots.edges) - 1, slots.threads):
        sums, weight_sums = gradients.channels[i], gradients.weight[i]
        for start in range(slots.edges[i], slots.edges[i + 1], images):
            part = slice(start, min(start + images, slots.edges[i + 1]))
            here, y = tuple(signed._replace(x=signed.x[part])), (output.y[part], output.affine)
            gy, s = np.empty(y[0].shape, np.float32), np.empty_like(here[0])
            conv_gradient(g[part], y, norm, norm_sums, rows, gy, sums[2:4])
            signs(here, s)
            gs, gw, _ = torch.ops.aten.convolution_backward(
                channels_first(gy), channels_first(s), weight, None,
                (1, 1), padding, (1, 1), False, (0, 0), spec.groups, (True, True, False),
            )  # fmt: skip
            weight_sums += gw.numpy().reshape(weight_sums.shape)
            input_gradient(g[part], channels_last(gs), here, gradients.x[part], sums[4, : here[0].shape[3]])

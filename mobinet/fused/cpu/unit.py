"""The fused unit on the CPU: Numba kernels, and torch's library for the convolutions that it is fast at."""

import numpy as np
import torch
from torch import Tensor

from mobinet.fused.cpu import passes
from mobinet.fused.cpu.convolution import Convolution
from mobinet.fused.cpu.memory import channels_last, empty
from mobinet.fused.cpu.norm import statistics
from mobinet.fused.cpu.records import Gradients, Norm
from mobinet.fused.cpu.team import share, total
from mobinet.fused.spec import Parameters, UnitSpec

PIECE_VALUES = 1 << 24
"""Outputs of a convolution that are kept at a time where no gradient needs them."""


def forward(x: Tensor, parameters: Parameters, spec: UnitSpec) -> tuple[Tensor, tuple[Tensor, ...], tuple]:
    """The unit in training: its output, and what `backward` needs, tensors and others."""
    xs = channels_last(x)
    conv = Convolution(xs, parameters, spec)
    filters = len(parameters.gamma)
    out, outs = empty(conv.output.y.shape)
    norm = Norm(np.empty((2, filters), np.float32), parameters.gamma.numpy(), parameters.beta.numpy())
    slot_moments = np.empty((len(conv.edges) - 1, 3, filters))
    conv.forward(xs, slot_moments)
    running = parameters.running_mean.numpy(), parameters.running_var.numpy(), parameters.batches.numpy()
    statistics(slot_moments, spec.eps, spec.momentum, *running, norm.statistics)
    share(passes.normalise, conv.edges, conv.output, norm, xs, outs)
    return out, (x,), (conv, norm)


def backward(tensors: tuple[Tensor, ...], others: tuple, grad: Tensor, spec: UnitSpec) -> tuple[Tensor, ...]:
    """Gradients of x, weight, shift, before, slope, gamma and beta."""
    x, g = channels_last(tensors[0]), channels_last(grad)
    conv, norm = others
    gx, gxs = empty(x.shape)
    slots = len(conv.edges) - 1
    sums = np.zeros((slots, passes.CHANNEL_GRADIENTS, len(norm.gamma)))
    gradients = Gradients(gxs, sums, np.zeros((slots, *conv.binary.shape), np.float32))
    share(passes.sum_norm_gradients, conv.edges, g, conv.output, norm.statistics, sums)
    conv.backward(x, g, norm, total(sums[:, :2]), gradients)
    beta, gamma, before, slope, shift = torch.from_numpy(total(sums).astype(np.float32)).unbind()
    weight = conv.weight_gradient(total(gradients.weight))
    return gx, weight, shift[: x.shape[3]], before, slope, gamma, beta


def evaluate(x: Tensor, parameters: Parameters, spec: UnitSpec) -> Tensor:
    """The unit with its running statistics, without gradient."""
    xs, filters = channels_last(x), len(parameters.weight)
    out, outs = empty((*xs.shape[:3], filters))
    moments = torch.stack([parameters.running_mean, (parameters.running_var + spec.eps).sqrt()]).numpy()
    norm = Norm(moments, parameters.gamma.numpy(), parameters.beta.numpy())
    images = max(1, PIECE_VALUES // outs[0].size)
    for start in range(0, len(xs), images):
        part = slice(start, start + images)
        conv = Convolution(xs[part], parameters, spec)
        conv.forward(xs[part], slot_moments=np.empty((0, 3, 1)))
        share(passes.normalise, conv.edges, conv.output, norm, xs[part], outs[part])
    return out

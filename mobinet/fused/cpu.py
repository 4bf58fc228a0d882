"""The fused unit on the CPU: Numba kernels, and torch's library for the convolutions that it is fast at.

A batch is cut into slots of images, whose number does not depend on the machine, and threads share the slots out. Each
slot has sums of its own, added in order at the end: the result is the same for any number of threads.

NumPy's and SciPy's BLAS are held to one thread in any process that loads this, for the slots call it side by side.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import scipy.linalg.cython_blas  # noqa: F401  what np.dot calls in a kernel: loaded here, to be limited below
import torch
from numpy import ndarray
from threadpoolctl import threadpool_limits
from torch import Tensor

from mobinet.fused import kernels, passes
from mobinet.fused.constants import Constants, Parameters

threadpool_limits(1, "blas")

SLOTS = 32
SLOT_VALUES = 1 << 18
"""Inputs and outputs of a convolution that are worth a slot of their own."""
CHUNK_VALUES = 1 << 18
"""Inputs and outputs that go backward at a time, so that they stay in the cache."""
PIECE_VALUES = 1 << 24
"""Outputs of a convolution that are kept at a time where no gradient needs them."""
NARROW, TINY = 16, 4
"""Widths of images up to which our own depth-wise convolution beats the library's, forward and backward."""
FEW, SMALL = 128, 64
"""Values in a row of an image up to which, backward, our own depth-wise convolution and products of patches do."""
WORD = 64
"""Bits of the words in which a 3x3 convolution goes forward, three pixels to each."""

_threads = 1


def use_threads(threads: int) -> None:
    """How many threads work on one batch."""
    global _threads
    _threads = threads


def forward(x: Tensor, given: Parameters, unit: Constants) -> tuple[Tensor, tuple[Tensor, ...], tuple]:
    """The unit in training: its output, and what `backward` needs, tensors and others."""
    xs = channels_last(x)
    conv = Convolution(xs, given, unit)
    out, outs = empty(conv.shape)
    y = np.empty(conv.shape, np.int16)
    gamma, beta, *running = [parameter.numpy() for parameter in given[4:]]
    statistics, found = np.empty((2, len(gamma)), np.float32), np.empty((len(conv.edges) - 1, 3, len(gamma)))
    conv.forward(xs, y, found)
    kernels.statistics(found, unit.eps, unit.momentum, *running, statistics)
    share(passes.normalise, conv.edges, y, conv.affine, statistics, gamma, beta, xs, outs)
    return out, (x,), (conv, y, statistics, gamma)


def backward(tensors: tuple[Tensor, ...], others: tuple, grad: Tensor, unit: Constants) -> tuple[Tensor, ...]:
    """Gradients of x, weight, shift, before, slope, gamma and beta."""
    x, g = channels_last(tensors[0]), channels_last(grad)
    conv, y, statistics, gamma = others
    gx, gxs = empty(x.shape)
    slots, filters = len(conv.edges) - 1, len(gamma)
    sums, weight_sums = np.zeros((slots, passes.SUMS, filters)), np.zeros((slots, *conv.binary.shape), np.float32)
    share(passes.sum_norm_gradients, conv.edges, g, y, conv.affine, statistics, sums)
    normed = y, conv.affine, statistics, gamma, total(sums[:, :2])
    conv.backward(g, normed, (x, conv.shift, unit.low, unit.surrogate), gxs, sums, weight_sums)
    beta, gamma, before, slope, shift = torch.from_numpy(total(sums).astype(np.float32)).unbind()
    weight = conv.weight_gradient(total(weight_sums))
    return gx, weight, shift[: x.shape[3]], before, slope, gamma, beta


def evaluate(x: Tensor, given: Parameters, unit: Constants) -> Tensor:
    """The unit with its running statistics, without gradient."""
    xs, filters = channels_last(x), len(given.weight)
    out, outs = empty((*xs.shape[:3], filters))
    statistics = torch.stack([given.running_mean, (given.running_var + unit.eps).sqrt()]).numpy()
    norm = statistics, given.gamma.numpy(), given.beta.numpy()
    images = max(1, PIECE_VALUES // outs[0].size)
    for start in range(0, len(xs), images):
        part = slice(start, start + images)
        conv, y = Convolution(xs[part], given, unit), np.empty(outs[part].shape, np.int16)
        conv.forward(xs[part], y, found=np.empty((0, 3, 1)))
        share(passes.normalise, conv.edges, y, conv.affine, *norm, xs[part], outs[part])
    return out


class Convolution:
    """The binary convolution of a batch, by the best known routes.

    Forward by XNOR and popcount where groups are small; backward as matrix products where it is 1x1, and by our own
    kernels where it is 3x3 and of pairs, or of channels alone or larger groups in narrow images; by torch elsewhere.
    Forward it is one of signs: the whole numbers that come out, kept as int16, are exact and still to be multiplied by
    alpha.

    Args:
        x: the input, (N, H, W, I).
        given: its weight is latent, or +-alpha, (O, I / groups, k, k).
        unit: of which it is the convolution.
    """

    def __init__(self, x: ndarray, given: Parameters, unit: Constants) -> None:
        weight = given.weight.numpy()
        n, h, w, inputs = x.shape
        filters, members, size, _ = weight.shape
        values = h * w * (inputs + filters)
        self.unit, self.weight_shape, self.shape = unit, weight.shape, (n, h, w, filters)
        self.latent = self.binary = weight.reshape(filters, -1)
        if unit.weight:
            self.binary = np.empty_like(self.latent)
            kernels.binarise(self.latent, unit.weight.scaled, self.binary)
        self.shift, self.affine = per_channel(given.shift, inputs), np.empty((3, filters), np.float32)
        kernels.join(self.binary, per_channel(given.before, filters), per_channel(given.slope, filters), self.affine)
        self.edges = edges_of(n, values)
        self.images = min(n, max(1, CHUNK_VALUES // values))
        alone, same = members == 1, size == 3 and filters == members * unit.groups
        self.route = self.route_back = passes.LIBRARY
        if size == 1:
            self.route = self.route_back = passes.POINTWISE
        elif w <= NARROW if alone else members <= WORD // 3:  # three pixels fit a word
            self.route = passes.GROUPED
        if same and (members == 2 or alone and (w <= TINY or w * filters <= FEW)):
            self.route_back = passes.GROUPED
        elif same and members > 2 and w * filters <= SMALL:
            self.route_back = passes.BLOCKS

    def forward(self, x: ndarray, y: ndarray, found: ndarray) -> None:
        """The convolution of the signs of x: y, (N, H, W, O), and found, (slots, 3, O) or empty, the moments of z."""
        if self.route == passes.LIBRARY:
            share(self._forward_by_library, self.edges, x, y)
        signed = x, self.shift, self.unit.low
        share(passes.convolve, self.edges, self.route, signed, self.binary, self.affine, y, found)

    def _forward_by_library(self, thread: int, threads: int, edges: ndarray, x: ndarray, y: ndarray) -> None:
        weight = torch.from_numpy(np.sign(self.binary)).view(self.weight_shape)
        for i in range(thread, len(edges) - 1, threads):
            part = slice(edges[i], edges[i + 1])
            s = np.empty_like(x[part])
            kernels.signs(x[part], self.shift, self.unit.low, s)
            out = torch.conv2d(channels_first(s), weight, padding=self.unit.padding, groups=self.unit.groups)
            y[part] = channels_last(out.round_())

    def backward(
        self, g: ndarray, normed: tuple, signed: tuple, gx: ndarray, sums: ndarray, weight_sums: ndarray
    ) -> None:
        """See `passes.pass_back`."""
        work = passes.pass_back if self.route_back else self._backward_by_library
        way = self.edges, self.images, self.route_back, self.binary
        share(work, *way, g, normed, signed, gx, sums, weight_sums)

    def _backward_by_library(
        self, thread: int, threads: int, edges: ndarray, images: int, route: int, binary: ndarray,
        g: ndarray, normed: tuple, signed: tuple, gx: ndarray, sums: ndarray, weight_sums: ndarray,
    ) -> None:  # fmt: skip
        y, *norm = normed
        x, shift, low, surrogate = signed
        weight, padding = torch.from_numpy(binary).view(self.weight_shape), (self.unit.padding, self.unit.padding)
        for i in range(thread, len(edges) - 1, threads):
            for start in range(edges[i], edges[i + 1], images):
                part = slice(start, min(start + images, edges[i + 1]))
                gy, s = np.empty(y[part].shape, np.float32), np.empty_like(x[part])
                kernels.conv_gradient(g[part], y[part], *norm, y[..., 0].size, gy, sums[i, 2:4])
                kernels.signs(x[part], shift, low, s)
                gs, gw, _ = torch.ops.aten.convolution_backward(
                    channels_first(gy), channels_first(s), weight, None,
                    (1, 1), padding, (1, 1), False, (0, 0), self.unit.groups, (True, True, False),
                )  # fmt: skip
                weight_sums[i] += gw.numpy().reshape(binary.shape)
                gs = channels_last(gs)
                kernels.input_gradient(g[part], gs, x[part], shift, surrogate, gx[part], sums[i, 4, : x.shape[3]])

    def weight_gradient(self, gradient: ndarray) -> Tensor:
        """From the gradient of the binary weights, (O, n), to that of the weights that were given."""
        if rule := self.unit.weight:
            kernels.latent_gradient(gradient, self.latent, self.binary, rule.surrogate, rule.through_scale)
        return torch.from_numpy(gradient.reshape(self.weight_shape))


def channels_last(t: Tensor) -> ndarray:
    """(N, C, H, W) -> contiguous (N, H, W, C), which costs nothing in channels_last memory."""
    return np.ascontiguousarray(t.numpy().transpose(0, 2, 3, 1))


def channels_first(a: ndarray) -> Tensor:
    """(N, H, W, C) -> (N, C, H, W), in the same memory."""
    return torch.from_numpy(a.transpose(0, 3, 1, 2))


def empty(shape: tuple[int, ...]) -> tuple[Tensor, ndarray]:
    """A tensor, (N, C, H, W), and its memory, (N, H, W, C), which is the `shape` to give."""
    n, h, w, c = shape
    t = torch.empty((n, c, h, w), memory_format=torch.channels_last)
    return t, t.numpy().transpose(0, 2, 3, 1)


def per_channel(parameter: Tensor | None, size: int) -> ndarray:
    """A value per channel; zeros where there is no such parameter."""
    return _zeros(size) if parameter is None else parameter.numpy()


@cache
def _zeros(size: int) -> ndarray:
    return np.zeros(size, np.float32)


def total(sums: ndarray) -> ndarray:
    """Of all slots, in order."""
    return sums[0] if len(sums) == 1 else sums.sum(0)


@cache
def edges_of(images: int, size: int) -> ndarray:
    """Where the slots of a batch, whose images have `size` values each, begin and end: (slots + 1,)."""
    count = max(1, min(SLOTS, images, images * size // SLOT_VALUES))
    return np.arange(count + 1) * images // count


def share(work: Callable[..., None], edges: ndarray, *arguments: Any) -> None:
    """Let as many threads as `use_threads` said work on the slots: work(thread, threads, edges, *arguments)."""
    threads = min(_threads, len(edges) - 1)
    others = [_team().submit(torch.no_grad()(work), thread, threads, edges, *arguments) for thread in range(1, threads)]
    work(0, threads, edges, *arguments)
    for other in others:
        other.result()


def _forget_team() -> None:
    """A forked child has none of its parent's threads."""
    _team.cache_clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_team)


@cache
def _team() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(SLOTS, "fused", initializer=torch.set_num_threads, initargs=(1,))

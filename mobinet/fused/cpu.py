"""The fused unit on the CPU: Numba kernels, and torch's library for the convolutions that it is fast at.

A batch is cut into slots of images, whose number does not depend on the machine, and threads share the slots out. Each
slot has sums of its own, added in order at the end: the result is the same for any number of threads.

NumPy's and SciPy's BLAS are held to one thread in any process that loads this, for the slots call it side by side.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import scipy.linalg.cython_blas  # noqa: F401  what np.dot calls in a kernel: loaded here, to be limited below
import torch
from numpy import ndarray
from threadpoolctl import threadpool_limits
from torch import Tensor

from mobinet.fused import grouped, kernels
from mobinet.fused.constants import Constants, Parameters

threadpool_limits(1, "blas")

SLOTS = 32
SLOT_VALUES = 1 << 18
"""Inputs and outputs of a convolution that are worth a slot of their own."""
CHUNK_VALUES = 1 << 18
"""Inputs and outputs that go backward at a time, so that they stay in the cache."""
NARROW = 256
"""Values in a row of an image up to which our own depth-wise convolution beats the library's."""
SMALL = 64
"""Values in a row of an image up to which our own products of patches beat the library's grouped convolution."""
WORD = 64
"""Bits of the words in which a 3x3 convolution goes forward, three pixels to each."""

_threads = 1


def use_threads(threads: int) -> None:
    """How many threads work on one batch."""
    global _threads
    _threads = threads


def forward(x: Tensor, given: Parameters, unit: Constants) -> tuple[Tensor, tuple[Tensor, ...], tuple]:
    """The unit in training: its output, and what `backward` needs, tensors and others."""
    x = channels_last(x)
    n, h, w, inputs = x.shape
    filters = len(given.weight)
    product = Product(given.weight, unit, w)
    y, out = torch.empty(n, h, w, filters, dtype=torch.int16), torch.empty(n, h, w, filters)
    xs, ys, outs = x.numpy(), y.numpy(), out.numpy()
    shift, affine = values(given.shift, inputs), product.affine(given)
    gamma, beta, mean, var = (parameter.numpy() for parameter in given[4:])
    statistics = np.empty((2, filters), np.float32)
    slots = slots_of(n, h * w * (inputs + filters))
    found = np.empty((len(slots), 3, filters))

    def convolve(i: int, slot: slice) -> None:
        product.forward(xs[slot], shift, ys[slot])
        kernels.moments(ys[slot], affine, found[i])

    def normalise(i: int, slot: slice) -> None:
        kernels.normalise(ys[slot], affine, statistics, gamma, beta, xs[slot], outs[slot])

    share(convolve, slots)
    kernels.statistics(found, unit.eps, unit.momentum, mean, var, statistics)
    share(normalise, slots)
    return out.permute(0, 3, 1, 2), (x, y), (product, shift, affine, gamma, statistics, slots)


def backward(tensors: tuple[Tensor, ...], others: tuple, grad: Tensor, unit: Constants) -> tuple[Tensor, ...]:
    """Gradients of x, weight, shift, before, slope, gamma and beta."""
    x, y, g = tensors[0].numpy(), tensors[1].numpy(), channels_last(grad).numpy()
    product, shift, affine, gamma, statistics, slots = others
    n, h, w, inputs = x.shape
    filters = y.shape[3]
    gx = torch.empty(x.shape)
    gxs = gx.numpy()
    norm_sums = np.zeros((len(slots), 2, filters))
    weight_sums = np.zeros((len(slots), *product.binary.shape), np.float32)
    activation_sums = np.zeros((len(slots), 2, filters))
    shift_sums = np.zeros((len(slots), inputs))
    chunk = max(1, CHUNK_VALUES // (h * w * (inputs + filters)))

    def sum_norm_gradients(i: int, slot: slice) -> None:
        kernels.norm_gradients(g[slot], y[slot], affine, statistics, norm_sums[i])

    def pass_through(i: int, slot: slice) -> None:
        size = min(chunk, slot.stop - slot.start)
        gy, s = np.empty((size, h, w, filters), np.float32), np.empty((size, h, w, inputs), np.float32)
        for start in range(slot.start, slot.stop, size):
            part = slice(start, min(start + size, slot.stop))
            gys, ss = gy[: part.stop - start], s[: part.stop - start]
            kernels.conv_gradient(
                g[part], y[part], affine, statistics, gamma, norm_sum, n * h * w, gys, activation_sums[i]
            )
            kernels.signs(x[part], shift, unit.low, ss)
            gs = product.backward(ss, gys, weight_sums[i])
            kernels.input_gradient(g[part], gs, x[part], shift, unit.surrogate, gxs[part], shift_sums[i])

    share(sum_norm_gradients, slots)
    norm_sum = total(norm_sums)
    share(pass_through, slots)
    beta_sum, gamma_sum = norm_sum
    sums = total(shift_sums), *total(activation_sums), gamma_sum, beta_sum
    channel_gradients = (torch.from_numpy(each.astype(np.float32)) for each in sums)
    return gx.permute(0, 3, 1, 2), product.weight_gradient(total(weight_sums)), *channel_gradients


def evaluate(x: Tensor, given: Parameters, unit: Constants) -> Tensor:
    """The unit with its running statistics, without gradient."""
    x = channels_last(x)
    n, h, w, inputs = x.shape
    filters = len(given.weight)
    product = Product(given.weight, unit, w)
    out = torch.empty(n, h, w, filters)
    xs, outs = x.numpy(), out.numpy()
    shift, affine = values(given.shift, inputs), product.affine(given)
    gamma, beta = given.gamma.numpy(), given.beta.numpy()
    statistics = torch.stack([given.running_mean, (given.running_var + unit.eps).sqrt()]).numpy()

    def work(i: int, slot: slice) -> None:
        y = np.empty(outs[slot].shape, np.int16)
        product.forward(xs[slot], shift, y)
        kernels.normalise(y, affine, statistics, gamma, beta, xs[slot], outs[slot])

    share(work, slots_of(n, h * w * (inputs + filters)))
    return out.permute(0, 3, 1, 2)


class Product:
    """The binary convolution, by the best known route.

    Forward by XNOR and popcount where groups are small; backward as matrix products where it is 1x1, and by our own
    kernels where it is 3x3 and of pairs, or of channels alone or larger groups in narrow images; by torch elsewhere.
    Forward it is one of signs: the whole numbers that come out, kept as int16, are exact and still to be multiplied by
    alpha.

    Args:
        weight: latent, or +-alpha, (O, I / groups, k, k).
        unit: of which it is the convolution.
        width: of the images.
    """

    def __init__(self, weight: Tensor, unit: Constants, width: int) -> None:
        self.unit, self.shape = unit, weight.shape
        self.latent = weight.numpy().reshape(len(weight), -1)
        self.binary = self.latent
        if unit.weight:
            self.binary = np.empty_like(self.latent)
            kernels.binarise(self.latent, unit.weight.scaled, self.binary)
        members, size = weight.shape[1:3]
        alone = members == 1 and width * len(weight) <= NARROW
        same = size == 3 and len(weight) == members * unit.groups
        self.pointwise = size == 1
        self.counted = size == 3 and (alone or 1 < members <= WORD // 3)
        self.own_backward = None
        if self.pointwise:
            self.own_backward = kernels.pointwise_backward
        elif same and (alone or members == 2):
            self.own_backward = grouped.grouped_backward
        elif same and members > 2 and width * len(weight) <= SMALL:
            self.own_backward = grouped.blocks_backward

    def affine(self, given: Parameters) -> ndarray:
        """alpha, before and slope, (3, O), as the kernels take them."""
        filters = len(self.binary)
        affine = np.empty((3, filters), np.float32)
        np.abs(self.binary[:, 0], out=affine[0])
        affine[1], affine[2] = values(given.before, filters), values(given.slope, filters)
        return affine

    def forward(self, x: ndarray, shift: ndarray, y: ndarray) -> None:
        """The convolution of the signs of x, (N, H, W, I): y, (N, H, W, O)."""
        if self.pointwise:
            kernels.pointwise(x, shift, self.unit.low, self.binary, y)
        elif self.counted:
            grouped.grouped(x, shift, self.unit.low, self.binary, y)
        else:
            s = np.empty_like(x)
            kernels.signs(x, shift, self.unit.low, s)
            weight = torch.from_numpy(np.sign(self.binary)).view(self.shape)
            out = torch.conv2d(channels_first(s), weight, padding=self.unit.padding, groups=self.unit.groups)
            torch.from_numpy(y).copy_(channels_last(out.round_()))

    def backward(self, s: ndarray, gy: ndarray, weight_sums: ndarray) -> ndarray:
        """gs, (N, H, W, I), from gy, (N, H, W, O); weight_sums gain the gradient of the binary weights."""
        if self.own_backward:
            gs = np.empty_like(s)
            self.own_backward(s, gy, self.binary, gs, weight_sums)
            return gs
        padding = (self.unit.padding, self.unit.padding)
        gs, gw, _ = torch.ops.aten.convolution_backward(
            channels_first(gy), channels_first(s), torch.from_numpy(self.binary).view(self.shape), None,
            (1, 1), padding, (1, 1), False, (0, 0), self.unit.groups, (True, True, False),
        )  # fmt: skip
        weight_sums += gw.numpy().reshape(weight_sums.shape)
        return channels_last(gs).numpy()

    def weight_gradient(self, gradient: ndarray) -> Tensor:
        """From the gradient of the binary weights, (O, n), to that of the weights that were given."""
        if rule := self.unit.weight:
            kernels.latent_gradient(gradient, self.latent, self.binary, rule.surrogate, rule.through_scale)
        return torch.from_numpy(gradient).view(self.shape)


def channels_last(t: Tensor) -> Tensor:
    """(N, C, H, W) -> contiguous (N, H, W, C), which costs nothing in channels_last memory."""
    return t.permute(0, 2, 3, 1).contiguous()


def channels_first(a: ndarray) -> Tensor:
    """(N, H, W, C) -> (N, C, H, W), in the same memory."""
    return torch.from_numpy(a).permute(0, 3, 1, 2)


def values(parameter: Tensor | None, size: int) -> ndarray:
    """A value per channel; zeros where there is no such parameter."""
    return _zeros(size) if parameter is None else parameter.numpy()


@cache
def _zeros(size: int) -> ndarray:
    return np.zeros(size, np.float32)


def total(sums: ndarray) -> ndarray:
    """Of all slots, in order."""
    return sums[0] if len(sums) == 1 else sums.sum(0)


def slots_of(images: int, size: int) -> list[slice]:
    """The slots of a batch whose images have `size` values each."""
    count = max(1, min(SLOTS, images, images * size // SLOT_VALUES))
    return [slice(i * images // count, (i + 1) * images // count) for i in range(count)]


def share(work: Callable[[int, slice], None], slots: list[slice]) -> None:
    """Do the work on every slot, by as many threads as `use_threads` said."""
    if len(slots) == 1:
        return work(0, slots[0])
    threads = min(_threads, len(slots))

    def run(thread: int) -> None:
        for i in range(thread, len(slots), threads):
            work(i, slots[i])

    others = [_team().submit(torch.no_grad()(run), thread) for thread in range(1, threads)]
    run(0)
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

"""Between torch's tensors and the arrays that the kernels see, without a copy where the memory is channels_last."""

from functools import cache

import numpy as np
import torch
from numpy import ndarray
from torch import Tensor


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

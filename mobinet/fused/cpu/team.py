"""The threads that share one batch.

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

from mobinet.fused.cpu.records import Slots
from mobinet.fused.settings import settings

threadpool_limits(1, "blas")

SLOTS = 32
SLOT_VALUES = 1 << 18
"""Inputs and outputs of a convolution that are worth a slot of their own."""


@cache
def edges_of(images: int, size: int) -> ndarray:
    """Where the slots of a batch, whose images have `size` values each, begin and end: (slots + 1,)."""
    count = max(1, min(SLOTS, images, images * size // SLOT_VALUES))
    return np.arange(count + 1) * images // count


def share(work: Callable[..., None], edges: ndarray, *arguments: Any) -> None:
    """Let as many threads as the settings say work on the slots: work(slots, *arguments), with plain tuples."""
    threads = min(settings.threads, len(edges) - 1)
    plain = [tuple(a) if isinstance(a, tuple) else a for a in arguments]
    others = [
        _team().submit(torch.no_grad()(work), tuple(Slots(thread, threads, edges)), *plain)
        for thread in range(1, threads)
    ]
    work(tuple(Slots(0, threads, edges)), *plain)
    for other in others:
        other.result()


def total(sums: ndarray) -> ndarray:
    """Of all slots, in order."""
    return sums[0] if len(sums) == 1 else sums.sum(0)


def _forget_team() -> None:
    """A forked child has none of its parent's threads."""
    _team.cache_clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_team)


@cache
def _team() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(SLOTS, "fused", initializer=torch.set_num_threads, initargs=(1,))

"""Several processes that train one network, as torchrun starts them; in a process of its own there is nothing to do.

Gradients are averaged by hand rather than by DistributedDataParallel: one sum over one flat buffer gives the very
gradient that one process gets which learns the same slices of a batch one after the other (`Training.accumulate`).
"""

import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.rendezvous import rendezvous
from torch.nn.utils import parameters_to_vector

from space import InputError
from space.errors import first_line

T = TypeVar("T")

_rank, _ranks = 0, 1


def rank() -> int:
    """Which of the processes this is. The first, 0, prints and writes."""
    return _rank


def ranks() -> int:
    """How many processes there are, on all machines."""
    return _ranks


def part() -> tuple[int, int]:
    """The part of a batch, or of the images, that is this process's."""
    return _rank, _ranks


def local_rank() -> int:
    """Which of the processes on this machine this is."""
    return int(os.environ["LOCAL_RANK"]) if _ranks > 1 else 0


@contextmanager
def joined() -> Iterator[None]:
    """Within it the processes that torchrun started work together, and only the first is heard.

    The error of the first one to fail is raised; the others then end in silence, as does what torchrun stops.
    """
    global _rank, _ranks
    if not dist.is_torchelastic_launched():
        yield
        return
    store, _rank, _ranks = next(rendezvous("env://"))
    dist.init_process_group(store=store, rank=_rank, world_size=_ranks)
    try:
        if _rank == 0:
            yield
        else:
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                yield
    except (Exception, KeyboardInterrupt):
        if _failed_before(store):
            sys.exit(2)
        raise
    dist.destroy_process_group()
    _rank, _ranks = 0, 1


def total(tensor: Tensor) -> Tensor:
    """The sum of `tensor` over all processes, in its place."""
    if _ranks > 1:
        with _together():
            dist.all_reduce(tensor)
    return tensor


def average(tensors: Sequence[Tensor], slices: int = 1) -> None:
    """Replace each of `tensors`, which has the sum over `slices` in each process, by the mean over all slices."""
    if slices * _ranks == 1:
        return
    means = total(parameters_to_vector(tensors)) / (slices * _ranks)
    for tensor, mean in zip(tensors, means.split([tensor.numel() for tensor in tensors])):
        tensor.copy_(mean.view_as(tensor))


def from_first(make: Callable[[], T]) -> T:
    """What `make` returns in the first process, in all of them."""
    if _ranks == 1:
        return make()
    box: list[Any] = [make() if _rank == 0 else None]
    with _together():
        dist.broadcast_object_list(box)
    return box[0]


def first_here(make: Callable[[], T]) -> T:
    """What `make` returns, called by one process of each machine before its others: it may have to download."""
    if local_rank() > 0:
        total(torch.zeros(()))
    made = make()
    if local_rank() == 0:
        total(torch.zeros(()))
    return made


def _failed_before(store: Any) -> bool:
    """Whether another process failed before this one, which does."""
    try:
        return store.add("failed", 1) > 1
    except dist.DistError:  # the store went with its machine
        return True


@contextmanager
def _together() -> Iterator[None]:
    try:
        yield
    except (torch.OutOfMemoryError, torch.AcceleratorError):
        raise
    except RuntimeError as error:
        raise InputError(f"another process of this training cannot be reached: {first_line(error)}") from None

"""Attention transfer: a network learns where its teacher's maps are strong.

Zagoruyko and Komodakis, "Paying More Attention to Attention", ICLR 2017, arXiv 1612.03928; for binary networks Martinez
et al., "Training Binary Neural Networks with Real-to-Binary Convolutions", ICLR 2020, arXiv 2003.11535.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from search.training.teacher import Teacher
from space import InputError

Maps = dict[tuple[int, int], Tensor]
"""By height and width, what the last layer whose output has this size computed, (N, C, H, W)."""


@contextmanager
def maps_of(*nets: nn.Module) -> Iterator[tuple[Maps, ...]]:
    """The maps of each network: those of its last call within; a file of TorchScript or torch.export shows none."""
    maps: tuple[Maps, ...] = tuple({} for _ in nets)

    def noting(found: Maps) -> Any:
        def note(module: nn.Module, inputs: Any, output: Any) -> None:
            if isinstance(output, Tensor) and output.dim() == 4 and output[0, 0].numel() > 1:
                found[output.shape[2], output.shape[3]] = output

        return note

    parts = [(part, found) for net, found in zip(nets, maps) for part in net.children()]
    hooks = [
        part.register_forward_hook(noting(found))
        for part, found in parts
        if not isinstance(part, torch.jit.ScriptModule)  # which keeps to itself what it computes
    ]
    try:
        yield maps
    finally:
        for hook in hooks:
            hook.remove()


def attention(maps: Tensor) -> Tensor:
    """Where maps (N, C, H, W) are strong: the mean of their squares over the channels, of length 1, (N, H W)."""
    return F.normalize(maps.float().square().mean(1).flatten(1))


def attention_distance(ours: Maps, theirs: Maps) -> Tensor:
    """For each image, (N,), the sum of ||a - t||^2 over the sizes that both networks have, with a their attention.

    The numbers of channels may differ.
    """
    shared = [(attention(ours[size]), attention(theirs[size].detach())) for size in ours if size in theirs]
    return torch.stack([(a - t).square().sum(1) for a, t in shared]).sum(0)


@torch.no_grad()
def check_maps(net: nn.Module, teacher: Teacher, images: Tensor) -> None:
    """Raises InputError where a network and its teacher have no size of maps in common.

    Args:
        net: the network.
        teacher: its teacher.
        images: some, (N, C, H, W).
    """
    with maps_of(net.eval(), teacher.net) as (ours, theirs):
        net(images)
        teacher.scores(images)
    if not ours.keys() & theirs.keys():
        raise InputError("teacher_maps: no map of the teacher is as high and wide as one of the network; leave it out")

"""Latent weights to binary ones, and from their gradient to the latent ones', of one convolution or of many at once."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from mobinet.fused.cuda.launch import launch_filters
from mobinet.fused.cuda.weight_kernels import binarise, latent_gradient
from mobinet.fused.spec import WeightRule


class Joined:
    """The weights of many convolutions in one memory.

    Args:
        weights: one or more, (O, I / groups, k, k), on the same device.
    """

    def __init__(self, weights: Sequence[Tensor]) -> None:
        self._shapes = [weight.shape for weight in weights]
        self._sizes = [shape.numel() for shape in self._shapes]
        self.table = _table(self._shapes).to(weights[0].device)
        """Of each filter: its first place, how many weights it has, and how many of them are of one channel."""

    def join(self, weights: Iterable[Tensor]) -> Tensor:
        """One tensor of each convolution, each flattened in the order of its dimensions, one after another: (n,)."""
        return torch.cat([weight.flatten() for weight in weights])

    def latent(self, joined: Tensor) -> list[Tensor]:
        """Each convolution's part of what lies in the order of latent weights: (O, I / groups, k, k)."""
        return [part.view(shape) for part, shape in zip(joined.split(self._sizes), self._shapes)]

    def channels_last(self, joined: Tensor) -> list[Tensor]:
        """Each convolution's part of what lies in the order of binary weights: (O, I / groups, k, k), channels_last."""
        return [
            part.view(filters, *kernel, members).permute(0, 3, 1, 2)
            for part, (filters, members, *kernel) in zip(joined.split(self._sizes), self._shapes)
        ]


def _table(shapes: Sequence[torch.Size]) -> Tensor:
    rows, first = [], 0
    for shape in shapes:
        size, area = shape[1:].numel(), shape[2:].numel()
        rows += [(first + o * size, size, area) for o in range(shape[0])]
        first += shape.numel()
    return torch.tensor(rows, dtype=torch.int32)


def binarised(
    latent: Tensor, rule: WeightRule, dtype: torch.dtype, table: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Binary weights, in `dtype`, and the absolute value of each filter's, (filters,).

    Args:
        latent: of one convolution, (O, I / groups, k, k), contiguous; or of many, (n,), whose filters stand in `table`.

    Returns:
        The first has the shape of `latent`, and is channels_last.
    """
    memory_format = torch.channels_last if table is None else torch.contiguous_format
    binary = torch.empty_like(latent, dtype=dtype, memory_format=memory_format)
    alphas = latent.new_empty(len(latent if table is None else table))
    launch_filters(binarise, latent, table, latent, binary, alphas, SCALED=rule.scaled)
    return binary, alphas


def latent_gradient_of(
    gradient: Tensor, latent: Tensor, alphas: Tensor, rule: WeightRule, table: Tensor | None = None
) -> Tensor:
    """The gradient of latent weights, from that of the binary ones; arguments as for `binarised`, and of its result."""
    if table is None:
        gradient = gradient.contiguous(memory_format=torch.channels_last)
    found = torch.empty_like(latent)
    numbers = *rule.surrogate, float(rule.through_scale)
    launch_filters(latent_gradient, latent, table, gradient, latent, alphas, found, *numbers)
    return found

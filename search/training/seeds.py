"""Random numbers: each training's seed, and weights drawn from it."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from mobinet import build
from mobinet.random_state import random_state_kept
from space import Architecture


def training_seed(seed: int, architecture: Architecture, replicate: int = 0) -> int:
    """A seed for one training that depends on nothing but these three."""
    return seed_from(seed, architecture.key, replicate)


def seed_from(*parts: int | str) -> int:
    """A seed that depends on nothing but these."""
    return int.from_bytes(hashlib.sha256("/".join(map(str, parts)).encode()).digest()[:4], "big")


def seeded_build(architecture: Architecture, num_classes: int, seed: int) -> nn.Module:
    """The network with weights drawn from `seed`, leaving torch's random state as it was."""
    with seeded(seed):
        return build(architecture, num_classes)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Within it torch draws from `seed` on the CPU; afterwards its random state is as it was. One thread at a time."""
    with random_state_kept():
        torch.default_generator.manual_seed(seed)  # `torch.manual_seed` would seed those of all GPUs as well
        yield

"""What a network needs when it is exported, before it is trained."""

from functools import lru_cache

import torch

from mobinet import build
from mobinet.export import TrainedNetwork
from mobinet.export.c.pieces import Piece, pieces_of
from mobinet.export.c.plan import ALIGNMENT, plan_of
from mobinet.export.steps import Shape
from mobinet.export.translate import steps_of
from space import Architecture


def untrained(architecture: Architecture, num_classes: int) -> TrainedNetwork:
    """The network as an export wants it, with weights at random."""
    channels = architecture.input_shape[0]
    with torch.random.fork_rng():
        net = build(architecture, num_classes).eval()
    classes = tuple(map(str, range(num_classes)))
    return TrainedNetwork(
        net=net, architecture=architecture, classes=classes, mean=(0,) * channels, std=(1,) * channels
    )


def exported_pieces(architecture: Architecture, num_classes: int) -> tuple[list[Piece], list[Shape]]:
    """The pieces that it is executed in, and the shapes of their values. Raises InputError: it cannot be exported."""
    program = steps_of(untrained(architecture, num_classes))
    return pieces_of(program), program.shapes


@lru_cache(maxsize=100_000)
def ram(architecture: Architecture, num_classes: int) -> int:
    """Bytes of working memory of the exported C; raises as `exported_pieces`."""
    return 4 * (plan_of(*exported_pieces(architecture, num_classes)).size + ALIGNMENT - 1)

"""What a network needs when it is exported, before it is trained."""

from dataclasses import dataclass, fields, replace
from functools import cache, lru_cache

import numpy as np
from torch import nn

from mobinet import build
from mobinet.export import TrainedNetwork
from mobinet.export.c.plan import ALIGNMENT, plan_of
from mobinet.export.fold import folded
from mobinet.export.pieces import Elementwise, Piece, pieces_of
from mobinet.export.steps import Program, Shape, Step
from mobinet.export.translate import layers_of, makes_scores, normalized, require_binary
from mobinet.part import Part, parts_of
from mobinet.random_state import random_state_kept
from space import Architecture


def untrained(architecture: Architecture, num_classes: int) -> TrainedNetwork:
    """The network as an export wants it, with weights at random."""
    channels = architecture.input_shape[0]
    with random_state_kept():
        net = build(architecture, num_classes).eval()
    classes = tuple(map(str, range(num_classes)))
    return TrainedNetwork(
        net=net, architecture=architecture, classes=classes, mean=(0,) * channels, std=(1,) * channels
    )


def exported_pieces(
    architecture: Architecture, num_classes: int, stream: str = "float32"
) -> tuple[list[Piece], list[Shape]]:
    """The pieces that it is executed in, and the shapes of their values. Raises InputError: it cannot be exported.

    The steps of a piece have no weights, and number their values within their stretch of the network.
    """
    channels, height, width = architecture.input_shape
    pieces: list[Piece] = []
    half = stream == "float16"
    shapes = [(height, width, channels)] * 2
    for number, stretch in enumerate(_stretches(architecture, num_classes)):
        own, own_shapes = _pieces_of(stretch, shapes[-1])
        before = len(shapes) - 2
        for piece in own:
            if number and piece.result == 1:  # the image, which only the first stretch reads
                continue
            other = piece.other if piece.other is None else piece.other + before
            image = piece.image if number == 0 else None
            value, result = piece.value + before, piece.result + before
            pieces.append(replace(piece, value=value, other=other, result=result, image=image, half=half))
        shapes += own_shapes[2:]
    require_binary(architecture.family, (piece.head for piece in pieces))
    return pieces, shapes


def _stretches(architecture: Architecture, num_classes: int) -> list[tuple[Part, ...]]:
    """The parts of a network in stretches that share no piece: each begins with a step that opens one."""
    channels, height, width = architecture.input_shape
    shape, stretches = (height, width, channels), [[]]
    last = Program(shapes=[shape])
    for part in parts_of(architecture, num_classes):
        for piece in part.pieces():
            piece = replace(piece, name="")
            layers = _layers_of(piece, shape)
            if stretches[-1] and layers.steps and not isinstance(layers.steps[0], Elementwise):
                stretches.append([])
            stretches[-1].append(piece)
            if layers.steps:
                last, shape = layers, layers.shapes[-1]
    if not makes_scores(last):
        stretches.append([Ending()])
    return [tuple(stretch) for stretch in stretches]


@dataclass(frozen=True, kw_only=True)
class Ending(Part):
    """What `steps_of` adds to a network that does not end with scores."""

    def build(self) -> nn.Module:
        return nn.AdaptiveAvgPool2d(1)


@cache
def _pieces_of(stretch: tuple[Part, ...], shape: Shape) -> tuple[list[Piece], list[Shape]]:
    """Of parts, one behind the other, that read the value 1; remembered, since networks have most of them in common."""
    channels = shape[2]
    program = normalized(shape, [0.0] * channels, [1.0] * channels)
    for part in stretch:
        before = len(program.steps)
        for step in _layers_of(part, program.shapes[-1]).steps:
            program.add(replace(step, inputs=tuple(before + value for value in step.inputs)))
    program = folded(program)
    return pieces_of(program), program.shapes


@cache
def _layers_of(part: Part, shape: Shape) -> Program:
    """The steps of a part, with zeros in the shape of its weights."""
    with random_state_kept():
        module = part.build().eval()
    for tensor in (*module.parameters(), *module.buffers()):
        tensor.detach().zero_()
    program = layers_of(module, shape)
    return Program(shapes=program.shapes, steps=[_without_weights(step) for step in program.steps])


def _without_weights(step: Step) -> Step:
    values = {field.name: getattr(step, field.name) for field in fields(step)}
    arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
    return replace(step, **{n: np.broadcast_to(np.zeros((), each.dtype), each.shape) for n, each in arrays.items()})


@lru_cache(maxsize=100_000)
def ram(architecture: Architecture, num_classes: int) -> int:
    """Bytes of working memory of the exported C; raises as `exported_pieces`."""
    return 4 * (plan_of(*exported_pieces(architecture, num_classes)).size + ALIGNMENT - 1)

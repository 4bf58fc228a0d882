"""network.c: the layers of a network as constants, and the calls of the kernels."""

from math import prod
from textwrap import fill

import numpy as np
from numpy.typing import NDArray

from mobinet.export.c.finish import finish_constants
from mobinet.export.c.plan import Plan, border_of, pixel_words, row_words
from mobinet.export.c.source import Source
from mobinet.export.c.stages import Stage, has_rows
from mobinet.export.pieces import Piece
from mobinet.export.steps import Add, BinaryConv, Concat, Conv, Linear, Mean, Pool, Shape, Shuffle

Fields = dict[str, int | str]
REPEATED = 16
"""As in kernels.h."""


def source_of(pieces: list[Piece], shapes: list[Shape], plan: Plan) -> Source:
    """The constants and functions of a network, and what it calls."""
    source = Source()
    stages: list[str] = []
    for run in plan.runs:
        if has_rows(run[0].piece):
            source.calls.append(f"run(stages + {len(stages)}, {len(run)}, image, arena);")
            stages += [_stage(source, stage, shapes, plan) for stage in run]
        else:
            source.calls.append(_call(source, run[0].piece, shapes, plan, last=run[0].piece is pieces[-1]))
    body = ",\n".join(fill(stage, 116, initial_indent="    ", subsequent_indent="     ") for stage in stages)
    source.definitions.append(f"static const struct stage stages[] = {{\n{body}}};")
    return source


def _stage(source: Source, stage: Stage, shapes: list[Shape], plan: Plan) -> str:
    """A stage as a constant; what its layer needs is defined before."""
    piece = stage.piece
    kind, layer = _layer(source, stage, shapes)
    others = shapes[piece.other][2] if piece.other is not None else 0
    rings = [
        _ring(plan, None if piece.image else piece.value, stage, stage.source),
        _ring(plan, piece.other, stage, (*stage.shape[:2], others)),
        _ring(plan, piece.result, stage, stage.shape),
    ]
    window = stage.window
    own = plan.own[piece.result].offset if piece.result in plan.own else 0
    fields: Fields = {
        "make": kind,
        "layer": layer,
        "in": _shape(stage.source, stage.pixels),
        "out": _shape(stage.shape, stage.pixels),
        "window": f"{{{window.size}, {window.stride}, {window.padding}}}",
        **dict(zip(("x", "other", "y"), rings)),
        "before": "{{{}, {}}}".format(*(-1 if made is None else made for made in stage.before)),
        "own": own,
    }
    return "{" + ", ".join(f".{name} = {value}" for name, value in fields.items()) + "}"


def _layer(source: Source, stage: Stage, shapes: list[Shape]) -> tuple[str, str]:
    """The kernel of a stage, and the address of its layer."""
    piece, name = stage.piece, f"layer{stage.piece.result}"
    channels, filters = stage.source[2], stage.shape[2]
    others = shapes[piece.other][2] if piece.other is not None else 0
    finish: Fields = {"others": others}
    match piece.head:
        case BinaryConv() as step:
            function = source.finish(piece.finish, "int16_t")
            bits = 32 if step.in_words else step.narrow
            words = source.words(function, piece.finish, bits) if _finishes_words(step, piece, others) else "NULL"
            finish |= {"finish": function, "words": words}
            fields = _binary_fields(source, stage, step) | finish | _constants(source, piece)
            return "binary", source.struct("binary", name, fields)
        case Conv() as step:
            finish |= {"finish": source.finish(piece.finish, "float")}
            fields = {
                "inputs": channels,
                "outputs": filters,
                "groups": step.groups,
                "weights": source.floats(step.weight),
            }
            if norm := piece.image:
                scale, offset = (np.tile(values, REPEATED) for values in (norm.scale, norm.offset))
                fields |= {"scale": source.floats(scale), "offset": source.floats(offset)}
            return "conv", source.struct("conv", name, fields | finish | _constants(source, piece))
        case Pool(kind=kind):
            return "pool", source.struct("pooling", name, {"kind": kind.upper()})
        case Shuffle(groups=groups):
            return "shuffle", source.struct("shuffling", name, {"groups": groups})
        case Concat():
            return "concat", "NULL"
        case None:
            finish |= {"finish": source.finish(piece.finish, "stored" if piece.half else "float")}
            return "elementwise", source.struct("elementwise", name, finish | _constants(source, piece))
    raise TypeError(piece.head)


def _finishes_words(step: BinaryConv, piece: Piece, others: int) -> bool:
    """Whether whole vectors of its sums can be finished in registers: see `FUSED` in binary.h."""
    _, _, members, filters = step.signs.shape
    whole = (step.in_words and filters // step.groups % 16 == 0 or step.narrow) and members % 2 == 0 and step.low != 0
    adds = [add for add in piece.finish if isinstance(add, Add)]
    return bool(whole) and not piece.half and all(add.first == 0 for add in adds) and others % 16 == 0


def _constants(source: Source, piece: Piece) -> Fields:
    return {"constants": source.floats(finish_constants(piece.finish))}


def _binary_fields(source: Source, stage: Stage, step: BinaryConv) -> Fields:
    (_, width, channels), (_, out_width, filters) = stage.source, stage.shape
    window, members = stage.window, step.signs.shape[2]
    border, pixel, row = border_of(step), pixel_words(stage), row_words(stage)
    inner = [
        p for p in range(out_width)
        if border or 0 <= p * window.stride - window.padding <= width - window.size
    ]  # fmt: skip
    return {
        "inputs": channels,
        "outputs": filters,
        "groups": step.groups,
        "members": members,
        "filters": filters // step.groups,
        "bits": f"COUNTS ? {step.narrow} : 0" if step.narrow else 32 * step.in_words,
        "border": border,
        "lanes": -(-filters // 32),
        "pixel": pixel,
        "step": (width + 2 * border) * pixel,
        "size": f"COUNTS ? {row // members} : {row}" if step.narrow else row,
        "first": inner[0] if inner else out_width,
        "last": inner[-1] + 1 if inner else out_width,
        "threshold": source.bounds(step.threshold, half=stage.piece.half),
        "negative": source.filters(in_words(step)) if step.in_words else source.integers(in_lanes(step), narrow(step)),
        "positive": "NULL" if step.low else source.counts(positive(step)),
    }


def _call(source: Source, piece: Piece, shapes: list[Shape], plan: Plan, *, last: bool) -> str:
    """Of what makes no rows."""
    x, y, store = f"(stored *)(arena + {plan.values[piece.value].offset})", "scores", ""
    if not last:
        result = f"(stored *)(arena + {plan.values[piece.result].offset})"
        y, store = f"SUMS({result})", f" store(SUMS({result}), {prod(piece.shape)}, {result});"
    height, width, channels = shapes[piece.value]
    match piece.head:
        case Mean():
            return f"mean({height * width}, {channels}, {x}, {y});{store}"
        case Linear(weight=weight, bias=bias):
            features, classes = weight.shape
            return f"linear({features}, {classes}, {source.floats(weight)}, {source.floats(bias)}, {x}, {y});{store}"
    raise TypeError(piece.head)


def _ring(plan: Plan, value: int | None, stage: Stage, shape: Shape) -> str:
    if value is None:
        return "{0, 0, 1}"
    buffer, (height, width, channels) = plan.values[value], shape
    return f"{{{buffer.offset}, {width * channels}, {buffer.rows if stage.pixels is None else height}}}"


def _shape(shape: Shape, pixels: int | None) -> str:
    height, width, channels = shape
    rest = width if pixels is None else pixels - (height - 1) * width
    return f"{{{height}, {width}, {channels}, {rest}}}"


def in_lanes(step: BinaryConv) -> NDArray[np.uint32]:
    """Where weights are -1, in the order that binary.h states for lanes."""
    return _rows(~step.signs)


def narrow(step: BinaryConv) -> NDArray[np.uint32]:
    """The same for words of 16 and 8 bits; empty where the inputs of a filter do not fill these."""
    bits = step.narrow
    if not bits:
        return np.empty(0, np.uint32)
    height, width, members, filters = step.signs.shape
    padded = np.pad(~step.signs, [(0, 0)] * 3 + [(0, -filters % (512 // bits))])
    blocks = padded.reshape(height, width, members, -1, 512 // bits // bits, bits).transpose(3, 0, 1, 5, 4, 2)
    return _rows(blocks.reshape(-1, 32))


def in_words(step: BinaryConv) -> NDArray[np.uint32]:
    """The same for words of 32 bits."""
    height, width, members, filters = step.signs.shape
    padded = np.pad(~step.signs, [(0, 0)] * 3 + [(0, -filters % 16)])
    words = _rows(np.moveaxis(padded, 2, -1)).reshape(height, width, -1, 16, -(-members // 32))
    return np.ascontiguousarray(words.transpose(2, 0, 1, 4, 3))


def positive(step: BinaryConv) -> NDArray[np.int16]:
    """How many weights of each filter are 1; the last filters of a word may be missing."""
    found = step.signs.sum((0, 1, 2), dtype=np.int16)
    return np.pad(found, (0, -len(found) % 32))


def _rows(bits: NDArray[np.bool_]) -> NDArray[np.uint32]:
    """(..., O) -> (..., ceil(O / 32)), the first one in the lowest bit."""
    padded = np.pad(bits, [(0, 0)] * (bits.ndim - 1) + [(0, -bits.shape[-1] % 32)])
    packed = np.packbits(np.ascontiguousarray(padded), axis=-1, bitorder="little")
    return np.ascontiguousarray(packed).view("<u4").astype(np.uint32)

"""network.c: the weights of a network as constants, and the calls of the kernels."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from textwrap import fill

import numpy as np
from numpy.typing import NDArray

from mobinet.export.c.arena import Arena
from mobinet.export.c.finish import finish_constants, finish_lines
from mobinet.export.c.pieces import Elementwise, Piece
from mobinet.export.steps import (
    BinaryConv,
    Concat,
    Conv,
    Floats,
    Linear,
    Mean,
    Pool,
    Shape,
    Shuffle,
    Window,
)


@dataclass
class Source:
    """The text under construction.

    Args:
        constants: name of each array by its content.
        finishes: name of each function that finishes rows, by the kind of its input and its text.
        definitions: of constants and functions, in order.
        calls: the body of the network.
    """

    constants: dict[bytes, str] = field(default_factory=dict)
    finishes: dict[tuple[str, str], str] = field(default_factory=dict)
    definitions: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes of all constant arrays."""
        return sum(len(content) - 1 for content in self.constants)

    def array(self, kind: str, values: Iterable[str], content: bytes) -> str:
        """Name of a constant array, defined once for equal contents."""
        if content not in self.constants:
            name = self.constants[content] = f"constant{len(self.constants)}"
            text = fill(", ".join(values), 118, initial_indent="    ", subsequent_indent="    ")
            self.definitions.append(f"static const {kind} ALIGNED {name}[] = {{\n{text}}};")
        return self.constants[content]

    def floats(self, values: Floats) -> str:
        return self.array("float", map(_float, values.ravel()), b"f" + values.tobytes())

    def words(self, values: NDArray[np.uint32]) -> str:
        return self.array("uint32_t", (f"{value:#x}" for value in values.ravel()), b"w" + values.tobytes())

    def filters(self, values: NDArray[np.uint32]) -> str:
        """Of (..., 16)."""
        texts = ("FILTERS(" + ", ".join(f"{value:#x}u" for value in row) + ")" for row in values.reshape(-1, 16))
        return self.array("uint32_t", texts, b"16" + values.tobytes())

    def finish(self, steps: tuple[Elementwise, ...], kind: str) -> str:
        """Name of the function that executes the steps on rows of `kind`."""
        body = "\n".join(finish_lines(steps))
        if (kind, body) not in self.finishes:
            name = self.finishes[kind, body] = f"finish{len(self.finishes)}"
            head = f"static void {name}(const {kind} *x, int stride, const float *other, float *y, int pixels,"
            head += " int channels,\n                    int others, const float *k)"
            self.definitions.append(f"{head}\n{{\n{body}\n}}")
        return self.finishes[kind, body]


def source_of(pieces: list[Piece], shapes: list[Shape], arena: Arena) -> Source:
    """The constants and functions of a network, and what it calls."""
    source = Source()
    for number, piece in enumerate(pieces):
        y = "scores" if number == len(pieces) - 1 else f"arena + {arena.offsets[piece.result]}"
        x = f"arena + {arena.offsets[piece.value]}" if piece.value in arena.offsets else "NULL"
        other = f"arena + {arena.offsets[piece.other]}" if piece.other is not None else "arena"
        source.calls.append(_call(source, piece, shapes, x=x, other=other, y=y, number=number))
    return source


def _call(source: Source, piece: Piece, shapes: list[Shape], *, x: str, other: str, y: str, number: int) -> str:
    shape = shapes[piece.value]
    height, width, channels = shape
    others = _others(piece, shapes)
    match piece.head:
        case BinaryConv() as step:
            layer = _layer(
                source,
                piece,
                shapes,
                number,
                {
                    "low_border": int(step.low_border),
                    "from_zero": int(step.low == 0),
                    "threshold": source.floats(step.threshold),
                    "negative": (source.filters if step.in_words else source.words)(negative(step)),
                },
            )
            return f"binary(&{layer}, {x}, {other}, {y}, scratch);"
        case Conv() as step:
            norm = piece.image
            image = {"scale": source.floats(norm.scale), "offset": source.floats(norm.offset)} if norm else {}
            layer = _layer(source, piece, shapes, number, {"weights": source.floats(step.weight), **image})
            values = "image" if norm else f"(struct image){{NULL, {x}}}"
            return f"conv(&{layer}, {values}, {other}, {y}, (float *)scratch);"
        case Pool(kind=kind, window=window, shape=out):
            return (
                f"pool({kind.upper()}, {_literal(shape)}, {_literal(out)}, (struct window){_window(window)}, {x}, {y});"
            )
        case Mean():
            return f"mean({_literal(shape)}, {x}, {y});"
        case Linear(weight=weight, bias=bias):
            features, classes = weight.shape
            return f"linear({features}, {classes}, {source.floats(weight)}, {source.floats(bias)}, {x}, {y});"
        case Concat():
            return f"concat({height * width}, {channels}, {x}, {others}, {other}, {y});"
        case Shuffle(groups=groups):
            return f"shuffle({height * width}, {channels}, {groups}, {x}, {y});"
        case None:
            finish = source.finish(piece.finish, "float")
            constants = source.floats(finish_constants(piece.finish))
            return f"{finish}({x}, {channels}, {other}, {y}, {height * width}, {channels}, {others}, {constants});"
    raise TypeError(piece.head)


def _layer(source: Source, piece: Piece, shapes: list[Shape], number: int, own: dict[str, int | str]) -> str:
    """Name of the constant that describes a convolution: what all have, and its `own` fields."""
    step = piece.head
    assert isinstance(step, BinaryConv | Conv)
    kind, sums = ("binary", "int16_t") if isinstance(step, BinaryConv) else ("conv", "float")
    fields = {
        "in": _shape(shapes[piece.value]),
        "out": _shape(step.shape),
        "window": _window(step.window),
        "groups": step.groups,
        **own,
        "finish": source.finish(piece.finish, sums),
        "others": _others(piece, shapes),
        "constants": source.floats(finish_constants(piece.finish)),
    }
    body = ", ".join(f".{name} = {value}" for name, value in fields.items())
    text = fill(body, 116, initial_indent="    ", subsequent_indent="    ")
    source.definitions.append(f"static const struct {kind} layer{number} = {{\n{text}}};")
    return f"layer{number}"


def _others(piece: Piece, shapes: list[Shape]) -> int:
    """Channels of what a piece reads besides."""
    return shapes[piece.other][2] if piece.other is not None else 0


def negative(step: BinaryConv) -> NDArray[np.uint32]:
    """Where weights are -1, in the order that kernels.h states."""
    if not step.in_words:
        return _rows(~step.signs)
    height, width, members, filters = step.signs.shape
    padded = np.pad(~step.signs, [(0, 0)] * 3 + [(0, -filters % 16)])
    words = _rows(np.moveaxis(padded, 2, -1)).reshape(height, width, -1, 16, -(-members // 32))
    return np.ascontiguousarray(words.transpose(2, 0, 1, 4, 3))


def _rows(bits: NDArray[np.bool_]) -> NDArray[np.uint32]:
    """(..., O) -> (..., ceil(O / 32)), the first one in the lowest bit."""
    padded = np.pad(bits, [(0, 0)] * (bits.ndim - 1) + [(0, -bits.shape[-1] % 32)])
    packed = np.packbits(np.ascontiguousarray(padded), axis=-1, bitorder="little")
    return np.ascontiguousarray(packed).view("<u4").astype(np.uint32)


def _float(value: np.float32) -> str:
    text = f"{value:.9g}"
    return f"{text}f" if "." in text or "e" in text else f"{text}.f"


def _shape(shape: Shape) -> str:
    return "{{{}, {}, {}}}".format(*shape)


def _literal(shape: Shape) -> str:
    return f"(struct shape){_shape(shape)}"


def _window(window: Window) -> str:
    return f"{{{window.size}, {window.stride}, {window.padding}}}"

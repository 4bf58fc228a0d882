"""The constants and functions of a network, as C."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from textwrap import fill

import numpy as np
from numpy.typing import NDArray

from mobinet.export.c.finish import finish_lines, words_lines
from mobinet.export.pieces import Elementwise
from mobinet.export.steps import Add, Floats


@dataclass
class Source:
    """The text under construction.

    Args:
        constants: name of each array by its content, behind a letter for its kind, and the text of what is `counted`.
        finishes: name of each function that finishes rows, by the kind of its input and its text.
        of_words: names of functions that count words too.
        definitions: of constants and functions, in order.
        calls: the body of the network.
    """

    constants: dict[tuple[bytes, str], str] = field(default_factory=dict)
    finishes: dict[tuple[str, str], str] = field(default_factory=dict)
    of_words: set[str] = field(default_factory=set)
    definitions: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes of all constant arrays."""
        return sum(len(content) - 1 for content, _ in self.constants)

    def array(self, kind: str, values: Iterable[str], content: bytes, counted: Iterable[str] = ()) -> str:
        """Name of a constant array, defined once for equal contents; other values may be `counted` where `COUNTS`."""
        other = _lines(counted)
        if (content, other) not in self.constants:
            name = self.constants[content, other] = f"constant{len(self.constants)}"
            text = f"#if COUNTS\n{other}\n#else\n{_lines(values)}\n#endif\n" if other else _lines(values)
            self.definitions.append(f"static const {kind} ALIGNED {name}[] = {{\n{text}}};")
        return self.constants[content, other]

    def floats(self, values: Floats) -> str:
        return self.array("float", map(_float, values.ravel()), b"f" + values.tobytes())

    def bounds(self, thresholds: Floats, *, half: bool) -> str:
        """The thresholds as values are compared with them."""
        if not half:
            return self.floats(thresholds)
        return self.counts(half_ranks(thresholds))

    def counts(self, values: NDArray[np.int16]) -> str:
        return self.array("int16_t", map(str, values), b"h" + values.tobytes())

    def integers(self, values: NDArray[np.uint32], counted: NDArray[np.uint32]) -> str:
        """Name of an array of weights in lanes, and in narrow words if there are any."""
        return self.array("uint32_t", map(hex, values.ravel()), b"w" + values.tobytes(), map(hex, counted.ravel()))

    def filters(self, values: NDArray[np.uint32]) -> str:
        """Name of an array of weights, (..., 16): in blocks of 16 filters, as `FILTERS` in kernels.h orders them."""
        texts = ("FILTERS(" + ", ".join(f"{value:#x}u" for value in row) + ")" for row in values.reshape(-1, 16))
        return self.array("uint32_t", texts, b"b" + values.tobytes())

    def struct(self, kind: str, name: str, fields: Mapping[str, int | str]) -> str:
        """The address of a constant."""
        body = ", ".join(f".{field} = {value}" for field, value in fields.items())
        text = fill(body, 116, initial_indent="    ", subsequent_indent="    ")
        self.definitions.append(f"static const struct {kind} {name} = {{\n{text}}};")
        return f"&{name}"

    def finish(self, steps: tuple[Elementwise, ...], kind: str) -> str:
        """Name of the function that executes the steps on rows of `kind`."""
        body = "\n".join(finish_lines(steps, kind))
        if (kind, body) not in self.finishes:
            name = self.finishes[kind, body] = f"finish{len(self.finishes)}"
            head = f"static void {name}(const {kind} *x, int stride, const stored *other, stored *y, int pixels,"
            head += " int channels,\n                    int others, const float *k)"
            self.definitions.append(f"{head}\n{{\n{body}\n}}")
        return self.finishes[kind, body]

    def words(self, finish: str, steps: tuple[Elementwise, ...], bits: int) -> str:
        """Name of the function that counts words of `bits` and executes the steps of a `finish` on their sums."""
        name = f"{finish}_of_{bits}"
        if name not in self.of_words:
            self.of_words.add(name)
            body, adds = "\n".join(words_lines(steps)), int(any(isinstance(step, Add) for step in steps))
            self.definitions.append(f"""\
#if FUSED
static INLINE floats {name}_some(floats v, floats other, const float *k, int channels)
{{
{body}
}}

static ALONE void {name}(const struct tile *tile, int count)
{{
    finished(tile, {bits}, count, {name}_some, {adds});
}}
#endif""")
        return f"OF_WORDS({name})"


def half_ranks(thresholds: Floats) -> NDArray[np.int16]:
    """Of the smallest half that reaches each threshold, what `rank_of` in values.h gives; -0 counts as 0."""
    with np.errstate(over="ignore"):
        halves = thresholds.astype(np.float16)
        halves = np.where(halves < thresholds, np.nextafter(halves, np.float16(np.inf)), halves)
    bits = np.where(halves == 0, np.float16(-0.0), halves).view(np.int16)
    return bits ^ (bits >> 15 & 0x7FFF)


def _lines(values: Iterable[str]) -> str:
    return fill(", ".join(values), 118, initial_indent="    ", subsequent_indent="    ")


def _float(value: np.float32) -> str:
    text = f"{value:.9g}"
    return f"{text}f" if "." in text or "e" in text else f"{text}.f"

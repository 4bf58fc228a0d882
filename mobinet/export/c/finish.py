"""What is done to each value of a row once it is summed, as C."""

from collections.abc import Iterator
from itertools import count

import numpy as np

from mobinet.export.pieces import Elementwise
from mobinet.export.steps import Add, Affine, Bend, Floats, PReLU, Shift


def finish_lines(steps: tuple[Elementwise, ...], kind: str) -> Iterator[str]:
    """The body of a function of rows of `kind`: for each pixel, for each channel, the steps in order."""
    add = next((step for step in steps if isinstance(step, Add)), None)
    repeats = add is not None and add.first == 0
    first = add.first if add else 0
    added = "v + widened(other[c - start])" if repeats else f"c < {first} ? v : v + widened(other[c - {first}])"
    yield f"    const int part = {'others' if repeats else 'channels'};"
    yield "    (void)k;"
    yield "    for (int p = 0; p < pixels; p++, x += stride, y += channels, other += others)"
    yield "        for (int start = 0; start < channels; start += part) {"
    yield "            const int end = smaller(start + part, channels);"
    yield "            INDEPENDENT"
    yield "            for (int c = start; c < end; c++) {"
    yield f"                float v = {'widened(x[c])' if kind == 'stored' else '(float)x[c]'};"
    for line in _executed(steps, "float", constant="k[{} * channels + c]", chosen="({} > {} ? {} : {})", added=added):
        yield f"                {line}"
    yield "                y[c] = narrowed(v);"
    yield "            }"
    yield "        }"


def words_lines(steps: tuple[Elementwise, ...]) -> Iterator[str]:
    """The body of a function that takes vectors of floats, `v` and what is added to it, through the same steps."""
    constant, chosen = "floats_of(k + {} * channels)", "chosen({}, {}, {}, {})"
    yield "    (void)other, (void)k, (void)channels;"
    for line in _executed(steps, "floats", constant=constant, chosen=chosen, added="v + other"):
        yield f"    {line}"
    yield "    return v;"


def _executed(steps: tuple[Elementwise, ...], kind: str, *, constant: str, chosen: str, added: str) -> Iterator[str]:
    """The steps on `v`.

    Args:
        kind: of `v`.
        constant: what has the place of its row in `finish_constants` filled in.
        chosen: of a value, a limit, and what is chosen above and below it.
        added: `v` and what an `Add` adds.
    """
    rows, zero = map(constant.format, count()), f"({kind}){{0}}"
    for number, step in enumerate(steps):
        match step:
            case Affine():
                yield from (f"v = v * {next(rows)};", f"v = v + {next(rows)};")
            case Bend() if _is_line(step):
                yield from (f"v = v * {next(rows)};", f"v = v + {next(rows)};")
            case Bend() if _bends_at_zero(step):
                yield f"const {kind} above = {next(rows)}, below = {next(rows)};"
                yield from (f"v = v * {chosen.format('v', zero, 'above', 'below')};", f"v = v + {next(rows)};")
            case Bend():
                yield f"const {kind} limit = {next(rows)}, x0 = v;"
                yield f"const {kind} above = {next(rows)}, below = {next(rows)};"
                yield f"const {kind} above1 = {next(rows)}, below1 = {next(rows)};"
                yield f"v = v * {chosen.format('x0', 'limit', 'above', 'below')};"
                yield f"v = v + {chosen.format('x0', 'limit', 'above1', 'below1')};"
            case Shift():
                yield f"v = v + {next(rows)};"
            case PReLU():
                yield f"const {kind} w{number} = {next(rows)} * v;"
                yield f"v = {chosen.format('v', zero, 'v', f'w{number}')};"
            case Add():
                yield f"v = {added};"


def finish_constants(steps: tuple[Elementwise, ...]) -> Floats:
    """(rows, channels), flat: what the steps read, in the same order."""
    found: list[Floats] = []
    for step in steps:
        match step:
            case Affine(scale=factor, offset=offset):
                found += [factor, offset]
            case Bend(above=above) if _is_line(step):
                found += [above[0], above[1]]
            case Bend(above=above, below=below) if _bends_at_zero(step):
                found += [above[0], below[0], above[1]]
            case Bend(limit=limit, above=above, below=below):
                found += [limit, above[0], below[0], above[1], below[1]]
            case Shift(offset=offset):
                found += [offset]
            case PReLU(slope=slope):
                found += [slope]
    return np.concatenate(found) if found else np.zeros(1, np.float32)


def _is_line(bend: Bend) -> bool:
    return bool((bend.above == bend.below).all())


def _bends_at_zero(bend: Bend) -> bool:
    return not bend.limit.any() and bool((bend.above[1] == bend.below[1]).all())

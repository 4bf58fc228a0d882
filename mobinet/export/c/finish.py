"""What is done to each value of a row once it is summed, as C."""

from collections.abc import Iterator

import numpy as np

from mobinet.export.pieces import Elementwise
from mobinet.export.steps import Add, Affine, Bend, Floats, PReLU, Shift


def finish_lines(steps: tuple[Elementwise, ...], kind: str) -> Iterator[str]:
    """The body of a function of rows of `kind`: for each pixel, for each channel, the steps in order."""
    add = next((step for step in steps if isinstance(step, Add)), None)
    repeats = add is not None and add.first == 0
    used = 0

    def constant() -> str:
        nonlocal used
        used += 1
        return f"k[{f'{used - 1} * channels + ' if used > 1 else ''}c]"

    values = [f"float v = {'widened(x[c])' if kind == 'stored' else '(float)x[c]'};"]
    for number, step in enumerate(steps):
        match step:
            case Affine():
                values += [f"v = v * {constant()};", f"v = v + {constant()};"]
            case Bend() if _is_line(step):
                values += [f"v = v * {constant()};", f"v = v + {constant()};"]
            case Bend() if _bends_at_zero(step):
                values += [f"const float above = {constant()}, below = {constant()};"]
                values += ["v = v * (v > 0 ? above : below);", f"v = v + {constant()};"]
            case Bend():
                values += [f"const float limit = {constant()}, x0 = v;"]
                values += [f"const float above = {constant()}, below = {constant()};"]
                values += [f"const float above1 = {constant()}, below1 = {constant()};"]
                values += ["v = v * (x0 > limit ? above : below);", "v = v + (x0 > limit ? above1 : below1);"]
            case Shift():
                values += [f"v = v + {constant()};"]
            case PReLU():
                values += [f"const float w{number} = {constant()} * v;", f"v = v > 0 ? v : w{number};"]
            case Add(first=0):
                values += ["v = v + widened(other[c - start]);"]
            case Add(first=first):
                values += [f"v = c < {first} ? v : v + widened(other[c - {first}]);"]
    yield f"    const int part = {'others' if repeats else 'channels'};"
    yield from (["    (void)k;"] if not used else [])
    yield "    for (int p = 0; p < pixels; p++, x += stride, y += channels, other += others)"
    yield "        for (int start = 0; start < channels; start += part) {"
    yield "            const int end = smaller(start + part, channels);"
    yield "            INDEPENDENT"
    yield "            for (int c = start; c < end; c++) {"
    yield from (f"                {value}" for value in values)
    yield "                y[c] = narrowed(v);"
    yield "            }"
    yield "        }"


def words_lines(steps: tuple[Elementwise, ...]) -> Iterator[str]:
    """The body of a function of vectors of floats `v` and `other` that executes the steps as `finish_lines` does."""
    used = 0

    def constant() -> str:
        nonlocal used
        used += 1
        return f"floats_of(k{f' + {used - 1} * channels' if used > 1 else ''})"

    yield "    const floats zero = {0};"
    yield "    (void)zero, (void)other, (void)k, (void)channels;"
    for number, step in enumerate(steps):
        match step:
            case Affine():
                yield from (f"    v = v * {constant()};", f"    v = v + {constant()};")
            case Bend() if _is_line(step):
                yield from (f"    v = v * {constant()};", f"    v = v + {constant()};")
            case Bend() if _bends_at_zero(step):
                yield f"    const floats above = {constant()}, below = {constant()};"
                yield from ("    v = v * chosen(v, zero, above, below);", f"    v = v + {constant()};")
            case Bend():
                yield f"    const floats limit = {constant()}, x0 = v;"
                yield f"    const floats above = {constant()}, below = {constant()};"
                yield f"    const floats above1 = {constant()}, below1 = {constant()};"
                yield "    v = v * chosen(x0, limit, above, below);"
                yield "    v = v + chosen(x0, limit, above1, below1);"
            case Shift():
                yield f"    v = v + {constant()};"
            case PReLU():
                yield f"    const floats w{number} = {constant()} * v;"
                yield f"    v = chosen(v, zero, v, w{number});"
            case Add():
                yield "    v = v + other;"
    yield "    return v;"


def finish_constants(steps: tuple[Elementwise, ...]) -> Floats:
    """What `finish_lines` reads, in the same order."""
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

"""The steps of an export, executed by NumPy: slow, plain, and what every build must equal to the bit."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mobinet.export import steps
from mobinet.export.steps import Floats, Program, Window

LARGEST_HALF = np.float32(65504)


def scores(program: Program, image: Floats) -> Floats:
    """The scores, (classes,), of an image, float32 (H, W, C) in 0..1."""
    values = [image.astype(np.float32)]
    for number, step in enumerate(program.steps, 1):
        result = _run(step, *(values[number] for number in step.inputs))
        values.append(_half(result) if number in program.halves else result)
        assert values[-1].dtype == np.float32 and values[-1].shape == step.shape
    return values[-1].ravel()


def _run(step: steps.Step, x: Floats, y: Floats | None = None) -> Floats:
    match step:
        case steps.Affine(scale=scale, offset=offset):
            return x * scale + offset
        case steps.Bend(limit=limit, above=above, below=below):
            return x * np.where(x > limit, above[0], below[0]) + np.where(x > limit, above[1], below[1])
        case steps.Shift(offset=offset):
            return x + offset
        case steps.PReLU(slope=slope):
            return np.where(x > 0, x, slope * x)
        case steps.Concat():
            assert y is not None
            return np.concatenate((x, y), 2)
        case steps.Add(first=first):
            assert y is not None
            kept, changed = x[..., :first], x[..., first:]
            return np.concatenate((kept, changed + y[..., np.arange(changed.shape[2]) % y.shape[2]]), 2)
        case steps.Shuffle(groups=groups):
            channel = np.arange(x.shape[2])
            return x[..., channel % groups * (len(channel) // groups) + channel // groups]
        case steps.Mean():
            return (_in_order(x.reshape(-1, x.shape[2])) / np.float32(x.shape[0] * x.shape[1])).reshape(step.shape)
        case steps.Linear(weight=weight, bias=bias):
            return (_in_order(x.reshape(-1, 1) * weight) + bias).reshape(step.shape)
        case steps.Pool(kind=kind, window=window):
            return _pooled(x, kind, window)
        case steps.Conv():
            return _convolved(step, x)
        case steps.BinaryConv():
            return _binary_convolved(step, x)
    raise TypeError(step)


def _half(x: Floats) -> Floats:
    """Rounded as `Program.halves` says."""
    return x.clip(-LARGEST_HALF, LARGEST_HALF).astype(np.float16).astype(np.float32)


def _in_order(rows: Floats) -> Floats:
    """The sum of rows, one after the other from 0."""
    total = np.zeros(rows.shape[1], np.float32)
    for row in rows:
        total = total + row
    return total


def _taps(x: NDArray, window: Window, outside: float) -> Iterator[NDArray]:
    """Tap by tap, (row, column), what the windows see: (H', W', C)."""
    after = window.padding + window.beyond * (window.stride - 1)
    padded = np.pad(x, ((window.padding, after), (window.padding, after), (0, 0)), constant_values=outside)
    height, width = window.out(x.shape[0]), window.out(x.shape[1])
    for row in range(window.size):
        for column in range(window.size):
            yield padded[row:, column:][
                : height * window.stride : window.stride, : width * window.stride : window.stride
            ]


def _pooled(x: Floats, kind: str, window: Window) -> Floats:
    outside = {"avg": 0.0, "max": -np.inf, "min": np.inf}[kind]
    pixels = sum(_taps(np.ones_like(x[..., :1]), window, 0))
    found, *others = _taps(x, window, outside)
    for other in others:
        match kind:
            case "avg":
                found = found + other
            case "max":
                found = np.where(other > found, other, found)
            case "min":
                found = np.where(other < found, other, found)
    return (found / pixels if kind == "avg" else found).astype(np.float32)


def _convolved(step: steps.Conv, x: Floats) -> Floats:
    total = np.zeros(step.shape, np.float32)
    inside = _taps(np.ones_like(x[..., :1], bool), step.window, False)
    for weight, tap, there in zip(step.weight.reshape(-1, *step.weight.shape[2:]), _taps(x, step.window, 0), inside):
        members, filters = weight.shape
        group = np.arange(filters) * step.groups // filters
        for member in range(members):
            total = np.where(there, total + tap[..., group * members + member] * weight[member], total)
    return total


def _binary_convolved(step: steps.BinaryConv, x: Floats) -> Floats:
    bits = np.where(x >= step.threshold, 1, step.low)
    total = np.zeros(step.shape, np.int64)
    signs = np.where(step.signs, 1, -1)
    for sign, tap in zip(signs.reshape(-1, *signs.shape[2:]), _taps(bits, step.window, step.low * step.low_border)):
        members, filters = sign.shape
        split = tap.reshape(*tap.shape[:2], step.groups, members)
        signed = sign.reshape(members, step.groups, filters // step.groups)
        total += np.einsum("hwgm,mgf->hwgf", split, signed).reshape(step.shape)
    return total.astype(np.float32)

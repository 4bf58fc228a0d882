"""Poolings as steps."""

from collections.abc import Callable

from torch import nn

from mobinet.export.steps import Mean, Pool, Program, Window
from mobinet.layers import MinPool2d
from space import InputError

Pooling = nn.AvgPool2d | nn.MaxPool2d | MinPool2d


def pool(kind: str) -> Callable[[Program, Pooling, int], int]:
    """Appends a pooling of a kind, ``avg``, ``max`` or ``min``, that reads a value. Raises InputError."""

    def translate(program: Program, module: Pooling, value: int) -> int:
        window = Window(size=2, stride=2) if isinstance(module, MinPool2d) else _window(module)
        if window.size == window.stride == 1 and window.padding == 0:
            return value
        shape = window.shape_after(program.shapes[value], program.shapes[value][2])
        return program.add(Pool(inputs=(value,), shape=shape, kind=kind, window=window))

    return translate


def mean(program: Program, module: nn.AdaptiveAvgPool2d, value: int) -> int:
    """Appends the mean over all pixels. Raises InputError."""
    if module.output_size not in (1, (1, 1)):
        raise InputError(f"{module} cannot be exported: its result is not one pixel")
    return program.add(Mean(inputs=(value,), shape=(1, 1, program.shapes[value][2])))


def _window(module: nn.AvgPool2d | nn.MaxPool2d) -> Window:
    """Raises InputError where it is none that the steps have."""
    given = module.kernel_size, module.stride, module.padding
    sides = [set(side) if isinstance(side, tuple) else {side} for side in given]
    (size, *_), (stride, *_), (padding, *_) = sides
    if isinstance(module, nn.MaxPool2d):
        plain = module.dilation in (1, (1, 1)) and not module.return_indices
    else:
        plain = module.divisor_override is None and not (padding and module.count_include_pad)
    beyond = module.ceil_mode
    if not plain or any(len(side) > 1 for side in sides) or (beyond and (padding or stride > size)):
        raise InputError(
            f"{module} cannot be exported: its window is not square, or has dilation, indices, a divisor of its own, "
            "padding that is counted, or ceil_mode beside padding or gaps"
        )
    return Window(size=size, stride=stride, padding=padding, beyond=beyond)

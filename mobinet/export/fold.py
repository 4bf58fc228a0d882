"""What follows a convolution on each channel, folded into one step."""

from collections import Counter
from dataclasses import fields, replace

import numpy as np

from mobinet.export.steps import Affine, Bend, BinaryConv, Conv, PReLU, Program, Shift, Step
from space import InputError

LARGEST = 2.0**30
"""Beyond any sum of a binary convolution."""


def folded(program: Program) -> Program:
    """The program with fewer steps, and every constant rounded to float32, once.

    The chain of channel-wise steps after a binary convolution becomes one `Bend`. The batch norm after a float one goes
    into its weights, but for its offset.
    """
    uses = Counter(number for step in program.steps for number in step.inputs)
    steps = dict(enumerate(program.steps, 1))
    result, numbers = Program(shapes=program.shapes[:1]), {0: 0}
    for number, step in steps.items():
        if number in numbers:
            continue
        chain: list[Step] = []
        last = number
        while uses[last] == 1 and last + 1 in steps and _continues(step, chain, steps[last + 1], last):
            last += 1
            chain.append(steps[last])
        step = replace(step, inputs=tuple(numbers[value] for value in step.inputs))
        if isinstance(step, Conv) and chain:
            (norm,) = chain
            assert isinstance(norm, Affine)
            step = replace(step, weight=step.weight * norm.scale)
            chain = [Shift(inputs=(), shape=step.shape, offset=norm.offset)]
        elif chain:
            chain = [bend_of(chain)]
        value = result.add(_rounded(step))
        for after in chain:
            value = result.add(_rounded(replace(after, inputs=(value,))))
        numbers |= dict.fromkeys(range(number, last + 1), value)
    return result


def _continues(step: Step, chain: list[Step], after: Step, value: int) -> bool:
    """Whether `after`, which reads `value`, belongs to the chain."""
    if after.inputs != (value,):
        return False
    if isinstance(step, Conv):
        return isinstance(after, Affine) and not chain
    bent = any(isinstance(each, PReLU) for each in chain)
    return isinstance(step, BinaryConv) and (
        isinstance(after, Affine | Shift) or (isinstance(after, PReLU) and not bent)
    )


def bend_of(chain: list[Step]) -> Bend:
    """Steps of which at most one is a PReLU, as one.

    Up to the PReLU they are a line, and on either side of its zero, from there on, another. Where the first line falls,
    inputs above the limit are those below zero; where it is flat, all inputs are on one side.
    """
    slope, offset = np.ones(chain[0].shape[2]), np.zeros(chain[0].shape[2])
    above, below, limit = (slope, offset), (slope, offset), np.zeros_like(slope)
    for step in chain:
        match step:
            case Affine(scale=factor, offset=added):
                above, below = ((line[0] * factor, line[1] * factor + added) for line in (above, below))
            case Shift(offset=added):
                above, below = ((line[0], line[1] + added) for line in (above, below))
            case PReLU(slope=leak):
                slope, offset = above
                limit = np.where(slope == 0, 0, -offset / np.where(slope == 0, 1, slope)).clip(-LARGEST, LARGEST)
                leaking = slope * leak, offset * leak
                high = (slope > 0) | ((slope == 0) & (offset > 0))
                low = (slope < 0) | ((slope == 0) & (offset > 0))
                above = tuple(np.where(high, kept, leaked) for kept, leaked in zip((slope, offset), leaking))
                below = tuple(np.where(low, kept, leaked) for kept, leaked in zip((slope, offset), leaking))
    return Bend(inputs=(), shape=chain[0].shape, limit=limit, above=np.stack(above), below=np.stack(below))


def _rounded(step: Step) -> Step:
    values = {field.name: getattr(step, field.name) for field in fields(step)}
    doubles = {name: each for name, each in values.items() if isinstance(each, np.ndarray) and each.dtype == np.float64}
    with np.errstate(over="ignore", invalid="ignore"):
        floats = {name: np.ascontiguousarray(each, dtype=np.float32) for name, each in doubles.items()}
    if not all(np.isfinite(each).all() for each in floats.values()):
        raise InputError("the network holds numbers that are not finite, or become so when batch norms are folded")
    return replace(step, **floats)

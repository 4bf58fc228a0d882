"""From a trained network to its steps: what each kind of layer is in `TRANSLATIONS`."""

from collections.abc import Callable, Iterable, Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from mobinet.conv import BinaryConv2d
from mobinet.export import TrainedNetwork, steps
from mobinet.export.fold import folded
from mobinet.export.pieces import stored_as
from mobinet.export.poolings import mean, pool
from mobinet.export.steps import Program, Shape, Step, Window
from mobinet.families.meliusnet import DenseBlock, ImprovementBlock, NewFeatures
from mobinet.families.nas_bnn import NASBNNUnit
from mobinet.families.resnet import ResidualUnit
from mobinet.layers import MinPool2d, Repeat, RPReLU
from mobinet.unit import BinaryUnit
from space import InputError


def steps_of(network: TrainedNetwork) -> Program:
    """The steps from an image, float32 (H, W, C) in 0..1, to the scores, (1, 1, classes). Raises InputError."""
    channels, height, width = network.architecture.input_shape
    program = normalized((height, width, channels), network.mean, network.std)
    value = _append(program, network.net, 1)
    if not makes_scores(program):
        mean(program, nn.AdaptiveAvgPool2d(1), value)
    require_binary(network.architecture.family, program.steps)
    return stored_as(folded(program), network.stream)


def normalized(shape: Shape, mean: Sequence[float], std: Sequence[float]) -> Program:
    """A program of one step, the normalization of an image."""
    mean_, std_ = np.array(mean, np.float64), np.array(std, np.float64)
    program = Program(shapes=[shape])
    program.add(steps.Affine(inputs=(0,), shape=shape, scale=1 / std_, offset=-mean_ / std_))
    return program


def layers_of(module: nn.Module, shape: Shape) -> Program:
    """The steps of a module that reads (H, W, C) = `shape`, before anything is folded. Raises InputError."""
    program = Program(shapes=[shape])
    _append(program, module, 0)
    return program


def require_binary(family: str, found: Iterable[Step | None]) -> None:
    """Raises InputError where none of the steps is binary."""
    if not any(isinstance(step, steps.BinaryConv) for step in found):
        raise InputError(f"{family} has no binary layers, so it is not exported as 1 bit")


def makes_scores(program: Program) -> bool:
    """Whether a network that ends so ends with a step that writes scores; if not, a mean over its one pixel is added.

    Raises InputError: it ends with more than one pixel.
    """
    height, width, _ = program.shapes[-1]
    if (height, width) != (1, 1):
        raise InputError(
            f"a network that ends with {height} x {width} pixels cannot be exported; end it with one score a class, "
            "as nn.AdaptiveAvgPool2d(1) or nn.Linear gives"
        )
    return isinstance(program.steps[-1], steps.Mean | steps.Linear)


def _append(program: Program, module: nn.Module, value: int) -> int:
    """Append the steps of a module that reads `value`; returns the number of its result."""
    for kind, translate in TRANSLATIONS.items():
        if type(module) is kind:
            return translate(program, module, value)
    raise InputError(f"a layer {type(module).__name__} cannot be exported")


def _sequential(program: Program, module: nn.Sequential, value: int) -> int:
    for inner in module:
        value = _append(program, inner, value)
    return value


def _conv(program: Program, conv: nn.Conv2d, value: int) -> int:
    square = all(len(set(sides)) == 1 for sides in (conv.kernel_size, conv.stride, conv.padding))
    if not square or conv.dilation != (1, 1) or conv.padding_mode != "zeros":
        raise InputError(f"{conv} cannot be exported: it is not square, or has dilation or another padding than zeros")
    window = Window(size=conv.kernel_size[0], stride=conv.stride[0], padding=int(conv.padding[0]))
    shape = window.shape_after(program.shapes[value], conv.out_channels)
    weight = _double(conv.weight).transpose(2, 3, 1, 0)
    value = program.add(steps.Conv(inputs=(value,), shape=shape, weight=weight, window=window, groups=conv.groups))
    if conv.bias is None:
        return value
    return program.add(steps.Shift(inputs=(value,), shape=shape, offset=_double(conv.bias)))


def _binary_conv(program: Program, conv: BinaryConv2d, value: int) -> int:
    filters, _, size, _ = conv.weight.shape
    window = Window(size=size, stride=conv.stride, padding=conv.padding)
    binarizer, channels = conv.binarizer, program.shapes[value][2]
    scale = conv.scale if conv.scale is not None else binarizer.scale(conv.weight)
    gain = 1.0 if binarizer.gain is None else _double(binarizer.gain).item()
    shift = _double_or(np.zeros(channels), binarizer.shift).ravel()
    shape = window.shape_after(program.shapes[value], filters)
    value = program.add(
        steps.BinaryConv(
            inputs=(value,),
            shape=shape,
            signs=(_double(conv.weight) >= 0).transpose(2, 3, 1, 0),
            threshold=shift,
            low=int(binarizer.low),
            low_border=conv.low_border,
            window=window,
            groups=conv.groups,
        )
    )
    scales = _double(scale).ravel() * gain
    return program.add(steps.Affine(inputs=(value,), shape=shape, scale=scales, offset=np.zeros(filters)))


def _norm(program: Program, norm: nn.BatchNorm2d, value: int) -> int:
    if norm.running_mean is None or norm.running_var is None:
        raise InputError(f"{norm} cannot be exported: it has no running statistics")
    ones, zeros = np.ones(norm.num_features), np.zeros(norm.num_features)
    scale = _double_or(ones, norm.weight) / np.sqrt(_double(norm.running_var) + norm.eps)
    offset = _double_or(zeros, norm.bias) - _double(norm.running_mean) * scale
    return program.add(steps.Affine(inputs=(value,), shape=program.shapes[value], scale=scale, offset=offset))


def _prelu(program: Program, module: nn.PReLU, value: int) -> int:
    shape = program.shapes[value]
    slope = np.broadcast_to(_double(module.weight), (shape[2],))
    return program.add(steps.PReLU(inputs=(value,), shape=shape, slope=slope))


def _relu(program: Program, module: nn.ReLU, value: int) -> int:
    shape = program.shapes[value]
    return program.add(steps.PReLU(inputs=(value,), shape=shape, slope=np.zeros(shape[2])))


def _rprelu(program: Program, module: RPReLU, value: int) -> int:
    shape = program.shapes[value]
    before, after = (_double(each).ravel() for each in (module.before, module.after))
    value = program.add(steps.Shift(inputs=(value,), shape=shape, offset=-before))
    value = _append(program, module.prelu, value)
    return program.add(steps.Shift(inputs=(value,), shape=shape, offset=after))


def _linear(program: Program, module: nn.Linear, value: int) -> int:
    height, width, channels = program.shapes[value]
    weight = _double(module.weight).reshape(-1, channels, height, width).transpose(2, 3, 1, 0)
    return program.add(
        steps.Linear(
            inputs=(value,),
            shape=(1, 1, module.out_features),
            weight=weight.reshape(height * width * channels, -1),
            bias=_double_or(np.zeros(module.out_features), module.bias),
        )
    )


def _concat(program: Program, value: int, other: int) -> int:
    height, width, channels = program.shapes[value]
    return program.add(steps.Concat(inputs=(value, other), shape=(height, width, channels + program.shapes[other][2])))


def _repeat(program: Program, module: Repeat, value: int) -> int:
    return reduce(lambda repeated, _: _concat(program, repeated, value), range(module.times - 1), value)


def _shuffle(program: Program, module: nn.ChannelShuffle, value: int) -> int:
    return program.add(steps.Shuffle(inputs=(value,), shape=program.shapes[value], groups=module.groups))


def _unit(program: Program, unit: BinaryUnit, value: int) -> int:
    result = value
    for inner in (unit.conv, unit.activation, unit.norm):
        result = _append(program, inner, result)
    return program.add(steps.Add(inputs=(result, value), shape=program.shapes[result]))


def _residual(program: Program, unit: ResidualUnit, value: int) -> int:
    result = _append(program, unit.norm, _append(program, unit.conv, value))
    return program.add(steps.Add(inputs=(result, _append(program, unit.shortcut, value)), shape=program.shapes[result]))


def _nas_bnn(program: Program, unit: NASBNNUnit, value: int) -> int:
    result = _append(program, unit.norm, _append(program, unit.conv, value))
    shortcut = _append(program, unit.pool, value)
    result = program.add(steps.Add(inputs=(result, shortcut), shape=program.shapes[result]))
    return _append(program, unit.activation, result)


def _features(program: Program, block: NewFeatures, value: int) -> int:
    return _append(program, block.conv, _append(program, block.norm, value))


def _dense(program: Program, block: DenseBlock, value: int) -> int:
    return _concat(program, value, _features(program, block, value))


def _improvement(program: Program, block: ImprovementBlock, value: int) -> int:
    better, shape = _features(program, block, value), program.shapes[value]
    return program.add(steps.Add(inputs=(value, better), shape=shape, first=shape[2] - program.shapes[better][2]))


def _same(program: Program, module: nn.Module, value: int) -> int:
    return value


TRANSLATIONS: dict[type[nn.Module], Callable] = {
    nn.Sequential: _sequential,
    nn.Conv2d: _conv,
    BinaryConv2d: _binary_conv,
    nn.BatchNorm2d: _norm,
    nn.PReLU: _prelu,
    nn.ReLU: _relu,
    RPReLU: _rprelu,
    nn.AvgPool2d: pool("avg"),
    nn.MaxPool2d: pool("max"),
    MinPool2d: pool("min"),
    nn.AdaptiveAvgPool2d: mean,
    nn.Linear: _linear,
    nn.ChannelShuffle: _shuffle,
    Repeat: _repeat,
    nn.Identity: _same,
    nn.Flatten: _same,
    BinaryUnit: _unit,
    ResidualUnit: _residual,
    NASBNNUnit: _nas_bnn,
    DenseBlock: _dense,
    ImprovementBlock: _improvement,
}
"""From a kind of layer to its steps. A layer of a new family is a line here."""


def _double_or(missing: NDArray[np.float64], tensor: Tensor | None) -> NDArray[np.float64]:
    return missing if tensor is None else _double(tensor)


def _double(tensor: Tensor) -> NDArray[np.float64]:
    return tensor.detach().cpu().double().numpy()

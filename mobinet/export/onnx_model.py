"""Export to ONNX: standard operators, weights of 1 bit each, unpacked in the graph.

From `image`, float (N, C, H, W) in 0..1, to `scores`, (N, classes); normalization is inside.
"""

import json
from dataclasses import dataclass, field
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from mobinet.export import TrainedNetwork, steps
from mobinet.export.steps import Add, BinaryConv, Step, Window
from mobinet.export.translate import steps_of
from space import InputError

OPSET = 18
"""The first one with BitwiseAnd."""
IR = 9
NAME = "model.onnx"


def files(network: TrainedNetwork) -> dict[str, bytes]:
    """See `mobinet.export.ExportFormat`."""
    try:
        from onnx import TensorProto, checker, helper
    except ImportError:
        raise InputError("--format onnx needs the package onnx; pip install -e '.[export]'") from None
    program = steps_of(network)
    graph = Graph()
    values = {0: "image"}
    for number, step in enumerate(program.steps, 1):
        inputs = [values[value] for value in step.inputs]
        if isinstance(step, Add):
            inputs[1] = graph.repeated(inputs[1], program.shapes[step.inputs[1]][2], step.shape[2] - step.first)
        values[number] = graph.step(step, *inputs)
    graph.node("Flatten", values[len(program.steps)], name="scores")
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", *network.architecture.input_shape])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", len(network.classes)])
    made = helper.make_graph(graph.nodes, "mobinas", [image], [scores], graph.constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
    notes = {
        "architecture": network.architecture.to_json(),
        "classes": json.dumps(network.classes),
        "image": "float, 0 to 1, normalized inside",
    }
    helper.set_model_props(model, notes)
    checker.check_model(model, full_check=True)
    return {NAME: model.SerializeToString()}


def scores(network: TrainedNetwork, images: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    """See `mobinet.export.ExportFormat`; None where onnxruntime is not installed."""
    if not find_spec("onnxruntime"):
        return None
    from onnxruntime import InferenceSession

    session = InferenceSession(files(network)[NAME], providers=["CPUExecutionProvider"])
    floats = (image.transpose(2, 0, 1)[None].astype(np.float32) / 255 for image in images)
    return np.concatenate([session.run(None, {"image": image})[0] for image in floats])


@dataclass
class Graph:
    """A graph under construction: each method appends nodes and returns the name of their result."""

    nodes: list = field(default_factory=list)
    constants: list = field(default_factory=list)

    def constant(self, values: NDArray) -> str:
        from onnx import numpy_helper

        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, kind: str, *inputs: str, name: str = "", **attributes: object) -> str:
        from onnx import helper

        name = name or f"value{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def step(self, step: Step, x: str, y: str = "") -> str:
        match step:
            case steps.Affine(scale=scale, offset=offset):
                return self.node("Add", self.node("Mul", x, self._channels(scale)), self._channels(offset))
            case steps.Shift(offset=offset):
                return self.node("Add", x, self._channels(offset))
            case steps.PReLU(slope=slope):
                return self.node("PRelu", x, self._channels(slope))
            case steps.Bend(limit=limit, above=above, below=below):
                high = self.node("Greater", x, self._channels(limit))
                scale, offset = (
                    self.node("Where", high, self._channels(above[line]), self._channels(below[line]))
                    for line in (0, 1)
                )
                return self.node("Add", self.node("Mul", x, scale), offset)
            case steps.Conv(weight=weight, window=window, groups=groups):
                weights = self.constant(weight.transpose(3, 2, 0, 1))
                return self.node("Conv", x, weights, group=groups, **_placed(window))
            case BinaryConv():
                return self._binary(step, x)
            case steps.Pool(kind="avg", window=window):
                return self.node("AveragePool", x, **_pooled(window))
            case steps.Pool(kind="max", window=window):
                return self.node("MaxPool", x, **_pooled(window))
            case steps.Pool(window=window):
                return self.node("Neg", self.node("MaxPool", self.node("Neg", x), **_pooled(window)))
            case steps.Mean():
                return self.node("GlobalAveragePool", x)
            case steps.Concat():
                return self.node("Concat", x, y, axis=1)
            case Add():
                return self._add(step, x, y)
            case steps.Shuffle(groups=groups, shape=(height, width, channels)):
                split = self._reshaped(x, -1, groups, channels // groups, height, width)
                turned = self.node("Transpose", split, perm=(0, 2, 1, 3, 4))
                return self._reshaped(turned, -1, channels, height, width)
            case steps.Linear(weight=weight, bias=bias):
                flat = self.node("Flatten", self.node("Transpose", x, perm=(0, 2, 3, 1)))
                scores = self.node("Gemm", flat, self.constant(weight), self.constant(bias))
                return self._reshaped(scores, -1, weight.shape[1], 1, 1)
        raise TypeError(step)

    def repeated(self, x: str, channels: int, wanted: int) -> str:
        """The channels of x, one after the other and again, until there are as many as wanted."""
        if channels == wanted:
            return x
        x = self.node("Concat", *[x] * -(-wanted // channels), axis=1)
        return self._slice(x, 0, wanted, 1) if wanted % channels else x

    def _slice(self, x: str, first: int, end: int, axis: int) -> str:
        return self.node("Slice", x, *(self.constant(np.array([each], np.int64)) for each in (first, end, axis)))

    def _channels(self, values: NDArray) -> str:
        """One value a channel, (C, 1, 1)."""
        return self.constant(values.reshape(-1, 1, 1))

    def _reshaped(self, x: str, *shape: int) -> str:
        return self.node("Reshape", x, self.constant(np.array(shape, np.int64)))

    def _number(self, value: float) -> str:
        return self.constant(np.array(value, np.float32))

    def _binary(self, step: BinaryConv, x: str) -> str:
        high = self.node("GreaterOrEqual", x, self._channels(step.threshold))
        signs = self.node("Where", high, self._number(1), self._number(step.low))
        window = step.window
        if step.low_border and window.padding:
            border = np.array([0, 0, window.padding, window.padding] * 2, np.int64)
            signs = self.node("Pad", signs, self.constant(border), self._number(step.low))
            window = Window(size=window.size, stride=window.stride)
        return self.node("Conv", signs, self._unpacked(step.signs), group=step.groups, **_placed(window))

    def _unpacked(self, signs: NDArray[np.bool_]) -> str:
        """Weights of -1 and 1, (O, I / groups, kH, kW), from a bit each."""
        from onnx import TensorProto

        signs = signs.transpose(3, 2, 0, 1)
        packed = self.constant(np.packbits(signs.ravel())[:, None])
        places = self.constant(2 ** np.arange(7, -1, -1, dtype=np.uint8))
        bits = self.node("Cast", self.node("BitwiseAnd", packed, places), to=TensorProto.BOOL)
        weights = self._reshaped(self.node("Where", bits, self._number(1), self._number(-1)), -1)
        if signs.size % 8:
            weights = self._slice(weights, 0, signs.size, 0)
        return self._reshaped(weights, *signs.shape)

    def _add(self, step: Add, x: str, y: str) -> str:
        if step.first:
            kept, changed = self._slice(x, 0, step.first, 1), self._slice(x, step.first, step.shape[2], 1)
            return self.node("Concat", kept, self.node("Add", changed, y), axis=1)
        return self.node("Add", x, y)


def _placed(window: Window) -> dict[str, list[int]]:
    return {
        "kernel_shape": [window.size] * 2,
        "strides": [window.stride] * 2,
        "pads": [window.padding] * 4,
    }


def _pooled(window: Window) -> dict[str, object]:
    return {**_placed(window), "ceil_mode": int(window.beyond)}

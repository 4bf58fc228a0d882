"""What a user would take instead of a binary network: MobileNet-v1 in onnxruntime, in float and in 8 bits."""

import importlib.util
import logging
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import nn

from mobinet.export.memory import untrained
from mobinet.latency.table import name_of_peer
from space import InputError, SearchSpace, load_space

KINDS = "float", "int8"
SECONDS = 0.5
"""Of each measurement, at least; and at least five calls."""


def measure_peers(space: SearchSpace, num_classes: int) -> dict[str, float]:
    """Seconds of MobileNet-v1 on the backbone of a space, on this machine, by the names of their rows in a table.

    One thread, one image, weights at random. There are none where onnx or onnxruntime is not installed, or where
    MobileNet-v1 has no such backbone.
    """
    try:
        float_space = load_space("mobilenet-v1", backbone=space.backbone, width=space.width)
    except InputError:
        return {}
    network = untrained(float_space.architecture({}), num_classes)
    with TemporaryDirectory() as folder:
        calls = onnxruntime_calls(network.net, space.input_shape, Path(folder), int8=True)
        return {
            name_of_peer(f"{kind}, onnxruntime {version('onnxruntime')}", space): median_seconds(call, SECONDS)
            for kind, call in zip(KINDS, calls)
        }


def median_seconds(call: Callable[[], object], seconds: float) -> float:
    """Of calls that take `seconds` together, at least five."""
    return median(seconds_of(call, seconds))


def seconds_of(call: Callable[[], object], seconds: float) -> list[float]:
    """Of each of the calls, after one that is not timed."""
    call()
    times, began = [], time.perf_counter()
    while len(times) < 5 or time.perf_counter() - began < seconds:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return times


def onnxruntime_calls(net: nn.Module, shape: tuple[int, int, int], folder: Path, *, int8: bool) -> Iterator[Callable]:
    """Calls of a network, N x C x H x W -> N x classes, on an image of `shape` in onnxruntime, with one thread.

    Float and, where wanted, int8; none where onnx or onnxruntime is not installed.
    """
    if not all(importlib.util.find_spec(name) for name in ("onnx", "onnxruntime")):
        return
    import onnxruntime  # pyright: ignore[reportMissingImports]

    image = torch.rand(1, *shape)
    paths = [folder / "float.onnx"]
    with _quietly(), torch.no_grad():
        torch.onnx.export(net, (image,), str(paths[0]), dynamo=False, opset_version=17, input_names=["image"])
        if int8:
            paths.append(folder / "int8.onnx")
            _quantize(paths[0], paths[1], shape)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    for path in paths:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        yield lambda session=session: session.run(None, {"image": image.numpy()})


def _quantize(source: Path, result: Path, shape: tuple[int, int, int]) -> None:
    from onnxruntime.quantization import (  # pyright: ignore[reportMissingImports]
        CalibrationDataReader,
        quantize_static,
    )

    class Reader(CalibrationDataReader):
        left = 4

        def get_next(self) -> Any:
            self.left -= 1
            return {"image": torch.rand(1, *shape).numpy()} if self.left >= 0 else None

    quantize_static(str(source), str(result), Reader(), per_channel=True)


@contextmanager
def _quietly() -> Iterator[None]:
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)

"""Time one image through exported networks, beside what runs the same network elsewhere.

    python -m benchmarks.speed.inference

One thread, batch 1, medians, all in one run. The networks of a backbone take turns, several times: what else the
machine does meets them alike. Each network is exported to C and built for several instruction sets; beside it run
PyTorch, as it is and compiled, and, where it is installed, onnxruntime with the float form of the same network. Last
comes what a user would take instead: MobileNet-v1 in onnxruntime, float and int8. Weights are random: times do not
depend on them. A build that the compiler refuses is left out, and named at the end.

LiteRT takes the package ai-edge-litert, and files that `benchmarks.speed.litert` writes once:

    python -m benchmarks.speed.inference --litert mobilenet-v1
"""

import argparse
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from statistics import median
from typing import TypeVar

import numpy as np
import torch

from benchmarks.speed.litert import WIDTHS, path_of
from mobinet.conv import BinaryConv2d
from mobinet.export import TrainedNetwork
from mobinet.export.c.compiled import compile_error, compiled
from mobinet.export.memory import untrained
from mobinet.latency.peers import onnxruntime_calls, seconds_of
from search.flags import positive_float
from space import Architecture, InputError, named_network
from space.command import Parser, run_command, user_path

BUILDS = {
    "plain": ("-DLANES=64", "float32"),
    "SSE2": ("", "float32"),
    "AVX2": ("-mavx2", "float32"),
    "native": ("-march=native", "float32"),
    "native, float16": ("-march=native", "float16"),
}
"""Flags of the compiler, and the stream that is exported."""
COLUMNS = ("torch", "torch.compile", "onnxruntime", *BUILDS)
NETWORKS = {
    "mobilenet-8": (1.0, (0, 2, 4)),
    "mobilenet-32": (0.5, (0, 2, 4, 6)),
    "mobilenet-224": (1.0, (0, 2, 4, 6)),
}
TURNS = 5
Call = Callable[[], object]
Key = TypeVar("Key")


def parse() -> argparse.Namespace:
    parser = Parser(description=__doc__)
    parser.add_argument("--backbones", nargs="+", choices=NETWORKS, default=list(NETWORKS), help="default: all")
    parser.add_argument("--columns", nargs="+", choices=COLUMNS, default=COLUMNS, help="what runs them (default: all)")
    parser.add_argument("--seconds", type=positive_float, default=1.0, help="of each measurement (default: 1)")
    parser.add_argument("--litert", type=user_path, metavar="DIR", help="what benchmarks.speed.litert wrote")
    return parser.parse_args()


def in_turns(calls: Mapping[Key, Call], seconds: float) -> dict[Key, float]:
    """Microseconds of each: the median over all turns, which take `seconds` together."""
    times: dict[Key, list[float]] = {key: [] for key in calls}
    for _ in range(TURNS):
        for key, call in calls.items():
            times[key] += seconds_of(call, seconds / TURNS)
    return {key: median(found) * 1e6 for key, found in times.items()}


def as_trained(architecture: Architecture) -> TrainedNetwork:
    """The network with packed weights, as a retraining leaves it."""
    network = untrained(architecture, 1000 if architecture.input_shape[1] == 224 else 10)
    for module in network.net.modules():
        if isinstance(module, BinaryConv2d):
            module.pack_weights()
    return network


def exported_call(network: TrainedNetwork, folder: Path, flags: str) -> Callable[[], None]:
    """A call of the exported C, built with `flags`. Raises InputError where the compiler refuses them."""
    try:
        built = compiled(network, folder, flags)
    except subprocess.CalledProcessError as error:
        raise InputError(f"not compiled with {flags or 'no flags'}: {compile_error(error.stderr)}") from None
    channels, height, width = network.architecture.input_shape
    image = np.random.default_rng(0).integers(0, 256, (height, width, channels), dtype=np.uint8)
    scores, arena = np.empty(built.classes, np.float32), np.empty(built.arena, np.float32)
    call = built.call_of(image, scores, arena)
    return lambda kept=(image, scores, arena): call()


def litert_call(path: Path) -> Callable[[], None]:
    """A call of a network in LiteRT, with XNNPACK. Raises InputError where that or the file is missing."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        raise InputError("--litert needs the package ai-edge-litert: pip install ai-edge-litert") from None
    if not path.exists():
        raise InputError(f"{path} is missing; python -m benchmarks.speed.litert {path.parent} writes it")
    interpreter = Interpreter(model_path=str(path), num_threads=1)
    interpreter.allocate_tensors()
    ((image,), (scores,)) = interpreter.get_input_details(), interpreter.get_output_details()
    picture = np.random.default_rng(0).integers(0, 2, image["shape"]).astype(image["dtype"])

    def call() -> None:
        interpreter.set_tensor(image["index"], picture)
        interpreter.invoke()
        interpreter.get_tensor(scores["index"])

    return call


@torch.inference_mode()
def main() -> None:
    args = parse()
    torch.set_num_threads(1)
    litert: dict[float, dict[str, Call]] = {width: {} for width in WIDTHS}
    for width, kind in product(WIDTHS, ("float", "int8") if args.litert else ()):
        litert[width][f"LiteRT {kind}"] = litert_call(path_of(args.litert, width, kind))
    print("microseconds an image; in brackets, how many times as fast as onnxruntime's float\n")
    print(head("network", args.columns), flush=True)
    instead: dict[str, dict[str, float]] = {}
    reasons: dict[str, str] = {}
    for backbone in args.backbones:
        torch.compiler.reset()
        with tempfile.TemporaryDirectory() as folder:
            rows, refused = calls_of(backbone, Path(folder), args.columns)
            others = calls_instead(Path(folder), litert) if backbone == "mobilenet-224" else {}
            calls = {(row, name): call for row, named in (rows | others).items() for name, call in named.items()}
            times = in_turns(calls, args.seconds)
        reasons |= refused
        for row, named in rows.items():
            print(line(row, {name: times[row, name] for name in named}, args.columns), flush=True)
        instead |= {row: {name: times[row, name] for name in named} for row, named in others.items()}
    if instead:
        kinds = [*dict.fromkeys(kind for found in instead.values() for kind in found)]
        print("\n" + head("what a user would take instead", kinds))
        print("\n".join(line(row, found, kinds) for row, found in instead.items()))
    for name, reason in reasons.items():
        print(f"\n{name}: {reason}")


def calls_of(backbone: str, folder: Path, columns: Sequence[str]) -> tuple[dict[str, dict[str, Call]], dict[str, str]]:
    """Of its networks, and the builds that the compiler refuses, each with the reason."""
    width, ks = NETWORKS[backbone]
    rows, refused = {}, {}
    for k in ks:
        network = as_trained(Architecture.uniform(backbone, block="mid", k=k, pool="avg", width=width))
        own = Path(tempfile.mkdtemp(dir=folder))
        builds, reasons = calls_of_builds(network, own, [name for name in BUILDS if name in columns])
        elsewhere = {name: call for name, call in calls_elsewhere(network, own).items() if name in columns}
        rows[f"{backbone} at width {width:g}, mid, K={k}"] = elsewhere | builds
        refused |= reasons
    return rows, refused


def calls_elsewhere(network: TrainedNetwork, folder: Path) -> dict[str, Call]:
    """In PyTorch, as it is and compiled, and in onnxruntime where that is installed."""
    shape = network.architecture.input_shape
    image, compiled_net = torch.rand(1, *shape), torch.compile(network.net)
    calls: dict[str, Call] = {"torch": lambda: network.net(image), "torch.compile": lambda: compiled_net(image)}
    return calls | dict(zip(["onnxruntime"], onnxruntime_calls(network.net, shape, folder, int8=False)))


def calls_instead(folder: Path, litert: Mapping[float, dict[str, Call]]) -> dict[str, dict[str, Call]]:
    """Of MobileNet-v1 in onnxruntime, where that is installed, and in LiteRT."""
    shape, rows = (3, 224, 224), {}
    for width, others in litert.items():
        name = f"mobilenet-v1-{width:g}"
        calls = onnxruntime_calls(as_trained(named_network(name, input_shape=shape)).net, shape, folder, int8=True)
        rows[name] = dict(zip(["onnxruntime float", "onnxruntime int8"], calls)) | others
    return rows


def calls_of_builds(
    network: TrainedNetwork, folder: Path, names: Sequence[str]
) -> tuple[dict[str, Call], dict[str, str]]:
    """Of some of `BUILDS`, made in `folder`, and those that the compiler refuses, with the reason."""
    calls: dict[str, Call] = {}
    refused = {}
    for name in names:
        flags, stream = BUILDS[name]
        try:
            calls[name] = exported_call(replace(network, stream=stream), folder / name, flags)
        except InputError as error:
            refused[name] = str(error)
    return calls, refused


def head(first: str, columns: Sequence[str]) -> str:
    return f"| {first} | {' | '.join(columns)} |\n{'|---' * (1 + len(columns))}|"


def line(row: str, times: Mapping[str, float], columns: Sequence[str]) -> str:
    """Of a table; builds of C with their ratio to onnxruntime's float of the same network."""
    cells = []
    for name in columns:
        ratio = (
            f" ({times['onnxruntime'] / times[name]:.1f})"
            if name in BUILDS.keys() & times and "onnxruntime" in times
            else ""
        )
        cells.append(f"{times[name]:,.0f}{ratio}" if name in times else "-")
    return f"| {row} | {' | '.join(cells)} |"


if __name__ == "__main__":
    run_command(main)

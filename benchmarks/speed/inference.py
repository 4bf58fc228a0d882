"""Time one image through exported networks, beside what runs the same network elsewhere.

    python -m benchmarks.speed.inference

One thread, batch 1, medians, all in one run. Each network is exported to C and built for several instruction sets;
beside it run PyTorch, as it is and compiled, and, where it is installed, onnxruntime with the float form of the same
network. Last comes what a user would take instead: MobileNet-v1 in onnxruntime, float and int8. Weights are random:
times do not depend on them. A build that the compiler refuses is left out, and named at the end.

LiteRT takes the package ai-edge-litert, and files that `benchmarks.speed.litert` writes once:

    python -m benchmarks.speed.inference --litert mobilenet-v1
"""

import argparse
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from benchmarks.speed.litert import WIDTHS, path_of
from mobinet.conv import BinaryConv2d
from mobinet.export import TrainedNetwork
from mobinet.export.c.compiled import compile_error, compiled
from mobinet.export.memory import untrained
from mobinet.latency.peers import median_seconds, onnxruntime_calls
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
NETWORKS = {
    "mobilenet-8": (1.0, (0, 2, 4)),
    "mobilenet-32": (0.5, (0, 2, 4, 6)),
    "mobilenet-224": (1.0, (0, 2, 4, 6)),
}


def parse() -> argparse.Namespace:
    parser = Parser(description=__doc__)
    parser.add_argument("--backbones", nargs="+", choices=NETWORKS, default=list(NETWORKS), help="default: all")
    parser.add_argument("--seconds", type=positive_float, default=1.0, help="of each measurement (default: 1)")
    parser.add_argument("--litert", type=user_path, metavar="DIR", help="what benchmarks.speed.litert wrote")
    return parser.parse_args()


def microseconds(call: Callable[[], object], seconds: float) -> float:
    """The median of calls that take so long together."""
    return median_seconds(call, seconds) * 1e6


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
    kinds = ("float", "int8") if args.litert else ()
    litert = {(width, kind): litert_call(path_of(args.litert, width, kind)) for width in WIDTHS for kind in kinds}
    print("microseconds an image; in brackets, how many times as fast as onnxruntime's float\n")
    print("| network | torch | torch.compile | onnxruntime | " + " | ".join(BUILDS) + " |")
    print("|---" * (4 + len(BUILDS)) + "|")
    reasons: dict[str, str] = {}
    for backbone in args.backbones:
        width, ks = NETWORKS[backbone]
        for k in ks:
            network = as_trained(Architecture.uniform(backbone, block="mid", k=k, pool="avg", width=width))
            cells, refused = _row(network, args.seconds)
            reasons |= refused
            print(f"| {backbone} at width {width:g}, mid, K={k} | {cells} |", flush=True)
    if "mobilenet-224" in args.backbones:
        kinds = ("onnxruntime float", "int8", *(("LiteRT float", "int8") if litert else ()))
        print(f"\n| what a user would take instead | {' | '.join(kinds)} |\n" + "|---" * (1 + len(kinds)) + "|")
        for width in WIDTHS:
            times = _instead(width, litert, args.seconds)
            print(f"| mobilenet-v1-{width:g} | {' | '.join(times)} |", flush=True)
    for name, reason in reasons.items():
        print(f"\n{name}: {reason}")


def _instead(width: float, litert: dict[tuple[float, str], Callable[[], None]], seconds: float) -> list[str]:
    shape = (3, 224, 224)
    net = as_trained(named_network(f"mobilenet-v1-{width:g}", input_shape=shape)).net
    with tempfile.TemporaryDirectory() as folder:
        calls = onnxruntime_calls(net, shape, Path(folder), int8=True)
        times = [f"{microseconds(call, seconds):,.0f}" for call in calls] or ["-", "-"]
    return times + [f"{microseconds(call, seconds):,.0f}" for (of, _), call in litert.items() if of == width]


def _row(network: TrainedNetwork, seconds: float) -> tuple[str, dict[str, str]]:
    """The cells of a network, and the builds that the compiler refuses, each with the reason."""
    shape = network.architecture.input_shape
    image = torch.rand(1, *shape)
    with tempfile.TemporaryDirectory() as folder:
        peer = next(onnxruntime_calls(network.net, shape, Path(folder), int8=False), None)
        baseline = microseconds(peer, seconds) if peer else None
        torch.compiler.reset()
        nets = network.net, torch.compile(network.net)
        peers = [microseconds(lambda net=net: net(image), seconds) for net in nets]
        times, refused = times_of_builds(network, Path(folder), seconds)
    cells = [_cell(time) for time in (*peers, baseline)] + [_cell(times.get(name), baseline) for name in BUILDS]
    return " | ".join(cells), refused


def _cell(time: float | None, baseline: float | None = None) -> str:
    if time is None:
        return "-"
    return f"{time:,.0f}" + (f" ({baseline / time:.1f})" if baseline else "")


def times_of_builds(network: TrainedNetwork, folder: Path, seconds: float) -> tuple[dict[str, float], dict[str, str]]:
    """Microseconds of each of `BUILDS`, made in `folder`, and those that the compiler refuses, with the reason."""
    times, refused = {}, {}
    for name, (flags, stream) in BUILDS.items():
        try:
            call = exported_call(replace(network, stream=stream), folder / name, flags)
        except InputError as error:
            refused[name] = str(error)
        else:
            times[name] = microseconds(call, seconds)
    return times, refused


if __name__ == "__main__":
    run_command(main)

"""Time one image through exported networks, beside what runs the same network elsewhere.

    python -m benchmarks.speed.inference

One thread, batch 1, medians, all in one run. Each network is exported to C and built for several instruction sets;
beside it run PyTorch, as it is and compiled, and, where it is installed, onnxruntime with the float form of the same
network. Last comes what a user would take instead: MobileNet-v1 in onnxruntime, float and int8. Weights are random:
times do not depend on them.
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from benchmarks.flags import make_parser
from mobinet.compiled import compiled
from mobinet.conv import BinaryConv2d
from mobinet.export import TrainedNetwork
from mobinet.export.memory import untrained
from mobinet.latency.peers import median_seconds, onnxruntime_calls
from space import Architecture, named_network
from space.command import run_command

FLAGS = {"plain": "-DLANES=64", "SSE2": "", "AVX2": "-mavx2", "native": "-march=native"}
NETWORKS = {
    "mobilenet-8": (1.0, (0, 2, 4)),
    "mobilenet-32": (0.5, (0, 2, 4, 6)),
    "mobilenet-224": (1.0, (0, 2, 4, 6)),
}
INSTEAD = ("mobilenet-v1-0.5", "mobilenet-v1-1")
SECONDS = 1.0
"""Of each measurement, at least; and at least five calls."""


def parse() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--backbones", nargs="+", choices=NETWORKS, default=list(NETWORKS), help="default: all")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each measurement (default: %(default)g)")
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
    """A call of the exported C, built with `flags`."""
    built = compiled(network, folder, flags)
    channels, height, width = network.architecture.input_shape
    image = np.random.default_rng(0).integers(0, 256, (height, width, channels), dtype=np.uint8)
    scores, arena = np.empty(built.classes, np.float32), np.empty(built.arena, np.float32)
    call = built.call_of(image, scores, arena)
    return lambda kept=(image, scores, arena): call()


@torch.inference_mode()
def main() -> None:
    args = parse()
    torch.set_num_threads(1)
    print("microseconds an image; in brackets, how many times as fast as onnxruntime's float\n")
    print("| network | torch | torch.compile | onnxruntime | " + " | ".join(FLAGS) + " |")
    print("|---" * (4 + len(FLAGS)) + "|")
    for backbone in args.backbones:
        width, ks = NETWORKS[backbone]
        for k in ks:
            network = as_trained(Architecture.uniform(backbone, block="mid", k=k, pool="avg", width=width))
            print(f"| {backbone} at width {width:g}, mid, K={k} | {_row(network, args.seconds)} |", flush=True)
    if "mobilenet-224" in args.backbones:
        print("\n| what a user would take instead | onnxruntime float | int8 |\n|---|---|---|")
        for name in INSTEAD:
            network = as_trained(named_network(name, input_shape=(3, 224, 224)))
            with tempfile.TemporaryDirectory() as folder:
                calls = onnxruntime_calls(network.net, (3, 224, 224), Path(folder), int8=True)
                times = [f"{microseconds(call, args.seconds):,.0f}" for call in calls]
            print(f"| {name} | {' | '.join(times) or 'onnxruntime is not installed'} |", flush=True)


def _row(network: TrainedNetwork, seconds: float) -> str:
    shape = network.architecture.input_shape
    image = torch.rand(1, *shape)
    with tempfile.TemporaryDirectory() as folder:
        peer = next(onnxruntime_calls(network.net, shape, Path(folder), int8=False), None)
        baseline = microseconds(peer, seconds) if peer else None
        torch.compiler.reset()
        nets = network.net, torch.compile(network.net)
        cells = [f"{microseconds(lambda net=net: net(image), seconds):,.0f}" for net in nets]
        cells.append(f"{baseline:,.0f}" if baseline else "-")
        for name, flags in FLAGS.items():
            found = microseconds(exported_call(network, Path(folder) / name, flags), seconds)
            cells.append(f"{found:,.0f}" + (f" ({baseline / found:.1f})" if baseline else ""))
    return " | ".join(cells)


if __name__ == "__main__":
    run_command(main)

"""How fast networks train: here, as public code for binary networks writes them, and with other libraries.

    pip install bitorch brevitas
    python -m benchmarks.speed.training
    python -m benchmarks.speed.training --backbone mobilenet-8 --k 0 4 --threads 2

Prints the images per second of training MoBiNet-Mid on the CPU: forward, cross entropy, backward, fused Adam. As many
trainings run side by side, each on its `--threads`, as the machine has cores for; their speeds are added. One thread
each is how a search trains, all of them for one training how a retraining does.

    reference  sign as an autograd function, then PyTorch's convolution, PReLU and batch norm; contiguous tensors
    mobinas    the same network as a search trains it: channels last, fused, Adam on one tensor
    bi-real    the reference, its signs written with masks and polynomials as Bi-Real Net's and ReActNet's code has them
    bitorch    the reference with bitorch's QConv2d
    brevitas   the reference with the 1-bit quantizers of brevitas' example CNV_1W1A

Each is the median over all steps; the last three have the better of contiguous and channels last. They take turns of a
few steps, since other work on a machine comes and goes.

Roofline: max(operations / rate of matrix multiplication, bytes / rate of memory) over the time of mobinas, both rates
measured first on all cores. It supposes float32 products and tensors that outgrow the caches: 1-bit products and
small networks are not bound by it.
    Operations: 2 for each multiply-add, forward and in both products backward; of the first layer, one backward.
    Bytes: 4 for each value a unit moves, as batch norm needs its sums before it goes on. Forward: read the input, write
    the convolution's output; read that, write the unit's. Backward: read the gradient and the convolution's output for
    the sums; read both and the input, write the input's gradient.
"""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from multiprocessing import get_context
from statistics import geometric_mean, median
from time import perf_counter
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mobinet import build, fused
from mobinet.conv import BinaryConv2d
from mobinet.unit import BinaryUnit
from search.flags import positive_int
from search.machine import cores
from search.training.flat_optimizers import FlatAdam
from space import Architecture
from space.command import Parser, run_command

NETWORKS = (("mobilenet-8", 1.0), ("mobilenet-8", 4.0), ("mobilenet-32", 0.5))
BATCH_SIZE = 64
NUM_CLASSES = 10
TURN = 5


class MaskedConv2d(nn.Module):
    """Bi-Real Net (ECCV 2018, arXiv 1808.00278) without autograd functions, (N, I, H, W) -> (N, O, H, W)."""

    def __init__(self, conv: BinaryConv2d) -> None:
        super().__init__()
        self.weight, self.padding, self.groups = conv.weight, conv.padding, conv.groups

    def forward(self, x: Tensor) -> Tensor:
        left, right = ((x >= -1) & (x < 0)).to(x.dtype), ((x >= 0) & (x < 1)).to(x.dtype)
        above, below = (x >= 1).to(x.dtype), (x < -1).to(x.dtype)
        smooth = left * (2 * x + x * x) + right * (2 * x - x * x) + above - below
        signs = torch.sign(x).detach() - smooth.detach() + smooth
        scaled, clipped = self.weight.abs().mean((1, 2, 3), keepdim=True) * self.weight.sign(), self.weight.clamp(-1, 1)
        weight = scaled.detach() - clipped.detach() + clipped
        return F.conv2d(signs, weight, padding=self.padding, groups=self.groups)


def bitorch_conv(conv: BinaryConv2d) -> nn.Module:
    from bitorch.layers import QConv2d

    return QConv2d(**shape(conv), input_quantization="sign", weight_quantization="sign")


def brevitas_conv(conv: BinaryConv2d) -> nn.Module:
    from brevitas.nn import QuantConv2d, QuantIdentity
    from brevitas_examples.bnn_pynq.models.common import CommonActQuant, CommonWeightQuant

    return nn.Sequential(
        QuantIdentity(act_quant=CommonActQuant, bit_width=1),
        QuantConv2d(**shape(conv), weight_quant=CommonWeightQuant, weight_bit_width=1),
    )


def shape(conv: BinaryConv2d) -> dict[str, Any]:
    o, i, size, _ = conv.weight.shape
    sizes = {"in_channels": i * conv.groups, "out_channels": o, "kernel_size": size}
    return {**sizes, "padding": conv.padding, "groups": conv.groups, "bias": False}


PEERS = {"bi-real": MaskedConv2d, "bitorch": bitorch_conv, "brevitas": brevitas_conv}
"""What each puts in place of a binary convolution."""


class Competitor:
    """A network in training on one batch, (N, C, H, W), and the seconds of its steps."""

    def __init__(self, net: nn.Module, images: Tensor, *, layout: torch.memory_format, fast: bool = False) -> None:
        self.net = net.train() if fast else net.to(memory_format=layout).train()
        self.images = images.contiguous(memory_format=layout)
        self.labels = torch.arange(len(images)) % NUM_CLASSES
        self.fast = fast
        optimizer = FlatAdam if fast else torch.optim.Adam
        self.optimizer = optimizer([{"params": list(net.parameters())}], fused=True)
        self.seconds = []

    def take_turn(self, steps: int, threads: int) -> None:
        torch.set_num_threads(1 if self.fast else threads)
        fused.use_threads(threads)
        with nullcontext() if self.fast else fused.disabled():
            self.seconds += times(self.step, steps)

    def step(self) -> None:
        loss = F.cross_entropy(self.net(self.images), self.labels)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()


def times(call: Callable[[], Any], count: int) -> list[float]:
    """Seconds of each of `count` calls, after one that is not timed."""
    call()
    found = []
    for _ in range(count):
        start = perf_counter()
        call()
        found.append(perf_counter() - start)
    return found


def network(architecture: Architecture, peer: str | None = None) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = build(architecture, NUM_CLASSES)
        for unit in [module for module in net.modules() if peer and isinstance(module, BinaryUnit)]:
            unit.conv = PEERS[peer](unit.conv)
    return net


def measure(architecture: Architecture, peers: list[str], steps: int, threads: int) -> dict[str, float]:
    """Images a second, by competitor."""
    images = batch(architecture)
    contiguous, last = torch.contiguous_format, torch.channels_last
    competitors = {
        "reference": [Competitor(network(architecture), images, layout=contiguous)],
        "mobinas": [Competitor(network(architecture), images, layout=last, fast=True)],
    }
    for peer in peers:
        competitors[peer] = [Competitor(network(architecture, peer), images, layout=f) for f in (contiguous, last)]
    for first in range(0, steps, TURN):
        for competitor in sum(competitors.values(), []):
            competitor.take_turn(min(TURN, steps - first), threads)
    return {name: BATCH_SIZE / min(median(each.seconds) for each in both) for name, both in competitors.items()}


def batch(architecture: Architecture) -> Tensor:
    return torch.randn(BATCH_SIZE, *architecture.input_shape, generator=torch.Generator().manual_seed(0))


def rates() -> tuple[float, float]:
    """Float32 operations a second of matrix multiplication, and bytes a second that a copy reads and writes."""
    matrix, source = torch.rand(2048, 2048), torch.ones(2**26)
    copy = partial(torch.empty_like(source).copy_, source)
    return 2 * 2048**3 / median(times(partial(torch.mm, matrix, matrix), 10)), 8 * 2**26 / median(times(copy, 10))


def roofline(architecture: Architecture, operation_rate: float, byte_rate: float) -> float:
    """Images a second by the model on top."""
    operations, moved = [], []

    def count(module: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        if isinstance(module, BinaryUnit):
            moved.append(4 * (3 * inputs[0].numel() + 7 * output.numel()))
        elif isinstance(module, (BinaryConv2d, nn.Conv2d, nn.Linear)):
            operations.append((6 if inputs[0].requires_grad else 4) * module.weight.numel() * output[:, 0].numel())

    net = network(architecture)
    for module in net.modules():
        module.register_forward_hook(count)
    with fused.disabled():
        net(batch(architecture))
    return BATCH_SIZE / max(sum(operations) / operation_rate, sum(moved) / byte_rate)


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--backbone", choices=sorted({backbone for backbone, _ in NETWORKS}), help="default: all")
    parser.add_argument("--k", type=int, nargs="+", default=range(5), help="of the networks (default: 0 to 4)")
    parser.add_argument("--steps", type=positive_int, default=15, help="to time of each network (default: %(default)s)")
    parser.add_argument("--threads", type=positive_int, default=1, help="of each training (default: 1)")
    args = parser.parse_args()
    trainings = max(1, cores() // args.threads)
    peers = [name for name in PEERS if name == "bi-real" or find_spec(name)]
    for library in ("torch", "bitorch", "brevitas"):
        print(f"{library} {version(library) if find_spec(library) else 'is not installed'}")
    print(f"{trainings} trainings of {args.threads} threads, {args.steps} steps of {BATCH_SIZE} images")
    measured = rates()
    print(f"matrix multiplication {measured[0] / 1e9:.0f} GFLOP/s, memory {measured[1] / 1e9:.1f} GB/s")
    columns = ("reference", "mobinas", *PEERS)
    print("network      width  K" + "".join(f"{name:>10}" for name in columns) + "  / reference  / best peer  roofline")
    gains, leads = [], []
    with ProcessPoolExecutor(trainings, get_context("spawn")) as pool:
        for backbone, width in NETWORKS:
            for k in args.k if args.backbone in (None, backbone) else ():
                architecture = Architecture.uniform(backbone, block="mid", k=k, pool="avg", width=width)
                task = partial(measure, architecture, peers, args.steps, args.threads)
                speeds = Counter()
                for training in [pool.submit(task) for _ in range(trainings)]:
                    speeds.update(training.result())
                gains.append(speeds["mobinas"] / speeds["reference"])
                leads.append(speeds["mobinas"] / max(speeds[peer] for peer in peers))
                share = speeds["mobinas"] / roofline(architecture, *measured)
                row = "".join(f"{speeds[c]:10.0f}" if c in speeds else f"{'-':>10}" for c in columns)
                print(
                    f"{backbone:<12} {width:5g} {k:2}{row}{gains[-1]:13.2f} {leads[-1]:12.2f} {share:9.1%}", flush=True
                )
    print(f"mobinas / reference: {geometric_mean(gains):.2f}, the geometric mean")
    print(f"mobinas / best peer: {min(leads):.2f}, the smallest")


if __name__ == "__main__":
    run_command(main)

"""How much slower a network with 5x5 convolutions trains than one with 3x3: the fused kernels cover 3x3 and 1x1 only.

    python -m benchmarks.speed.kernel_sizes

Prints the median seconds of a training step (forward, cross entropy, backward) on one CPU thread. Networks take turns,
since other work on a machine comes and goes.
"""

from itertools import product
from statistics import median
from time import process_time

import torch
import torch.nn.functional as F
from torch import nn

from mobinet import build, fused
from search.flags import positive_int
from space import Architecture
from space.command import Parser, run_command

BACKBONES = (("mobilenet-8", 1.0), ("mobilenet-32", 0.25))
KS = (0, 2, 4)
BATCH, WARM_UP, CLASSES = 32, 2, 10


def step(net: nn.Module, images: torch.Tensor) -> float:
    """Seconds of processor time."""
    start = process_time()
    F.cross_entropy(net(images), torch.zeros(len(images), dtype=torch.long)).backward()
    return process_time() - start


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--steps", type=positive_int, default=10, help="that are timed (default: %(default)s)")
    steps = parser.parse_args().steps
    torch.set_num_threads(1)
    fused.use_threads(1)
    for (backbone, width), k in product(BACKBONES, KS):
        choices = {"block": "mid", "k": k}
        networks = [Architecture.of("mobinet", backbone, width, {**choices, "kernel": kernel}) for kernel in (3, 5)]
        nets = [build(network, CLASSES) for network in networks]
        images = torch.randn(BATCH, *networks[0].input_shape).contiguous(memory_format=torch.channels_last)
        times = [[step(net, images) for net in nets] for _ in range(WARM_UP + steps)][WARM_UP:]
        three, five = map(median, zip(*times))
        ratio = f"{five / three:.1f} times"
        print(
            f"{backbone} at width {width:g}, mid{k}: {three:.4f} s with 3x3, {five:.4f} s with 5x5: {ratio}", flush=True
        )


if __name__ == "__main__":
    run_command(main)

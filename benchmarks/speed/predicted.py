"""What the fused kernels of a training step must move and launch, worked out without a GPU, and what would follow.

    python -m benchmarks.speed.predicted

MoBiNet-Mid, K = 4, on images of 32x32, in bfloat16. Each pass of a unit over its activations is counted, see
`mobinet/fused/cuda/unit.py`; weights, the stem, poolings and the loss are not, they are small. The images a second are
predictions: by the memory's speed alone, and by the number of launches alone, if each takes as long as it did.
"""

import torch
from torch import Tensor, nn

from mobinet import build
from mobinet.unit import BinaryUnit
from search.flags import positive_float, positive_int
from space import Architecture
from space.command import Parser, run_command

INPUT_PASSES = {"signs": 2, "convolution": 1, "normalise": 1, "gradients of convolution": 2, "input_gradient": 3}
"""How often values as many as the unit's input are read or written."""
OUTPUT_PASSES = {
    "convolution": 1, "moments": 1, "normalise": 2, "norm_gradients": 2, "conv_gradient": 3,
    "gradients of convolution": 2, "input_gradient": 1,
}  # fmt: skip
"""The same of its output."""
BYTES = 2
"""Of a value in bfloat16."""


def moved_bytes(net: nn.Module, shape: tuple[int, int, int]) -> int:
    """By the units of a network in a training step, for each image of `shape`, (C, H, W)."""
    found = []

    def count(_: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        values = sum(INPUT_PASSES.values()) * inputs[0].numel() + sum(OUTPUT_PASSES.values()) * output.numel()
        found.append(BYTES * values)

    for unit in net.modules():
        if isinstance(unit, BinaryUnit):
            unit.register_forward_hook(count)
    with torch.no_grad():
        net.eval()(torch.zeros(1, *shape))
    return sum(found)


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--widths", type=positive_float, nargs="+", default=[0.25, 0.5, 1.0], help="of the networks")
    terabytes = "moved by the memory in a second (default: %(default)s, an H100)"
    parser.add_argument("--terabytes", type=positive_float, default=3.35, help=terabytes)
    launches = "launches of kernels in a training step, see docs/gpu.md (default: %(default)s)"
    parser.add_argument("--launches", type=positive_int, default=604, help=launches)
    microseconds = "that a launch takes, see docs/gpu.md (default: %(default)s)"
    parser.add_argument("--microseconds", type=positive_float, default=4.76, help=microseconds)
    parser.add_argument("--batch-size", type=positive_int, default=128, help="images of a step (default: %(default)s)")
    args = parser.parse_args()
    print("width   bytes an image   images a second by the memory")
    for width in args.widths:
        network = Architecture.uniform("mobilenet-32", block="mid", k=4, pool="avg", width=width)
        moved = moved_bytes(build(network, 10), network.input_shape)
        print(f"{width:5} {moved:16,} {args.terabytes * 1e12 / moved:31,.0f}")
    seconds = args.launches * args.microseconds / 1e6
    print(
        f"a step of {args.launches} launches of {args.microseconds} microseconds takes {1e3 * seconds:.2f} ms: "
        f"{args.batch_size / seconds:,.0f} images a second in batches of {args.batch_size}"
    )


if __name__ == "__main__":
    run_command(main)

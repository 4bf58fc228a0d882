"""Where the time of an exported network goes, and how far its pieces are from what the machine can do.

    python -m benchmarks.speed.pieces

Times each piece of a network (mid, K=2) alone, as exported C on one thread. Equal pieces are one line: microseconds
together, multiplications and bytes of activations (float, read and written) a nanosecond. Below, in the same run, what
one thread does at most: multiplications in a loop of nothing but xor, count and add on registers (with AVX2 shuffle and
add), and bytes copied.
"""

import subprocess
from collections import Counter
from importlib.resources import files as resources
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory

from mobinet.export.memory import exported_pieces, untrained
from mobinet.export.pieces import Piece
from mobinet.export.steps import BinaryConv, Conv, Linear, Shape
from mobinet.latency.device import here
from mobinet.latency.table import name_of
from space import Architecture
from space.command import Parser, run_command

PEAKS = r"""
#define LARGEST_WINDOW 3
#define LARGEST_RUN 1
#define SCRATCH 0
#include "kernels.h"
#include <stdio.h>
#include <time.h>
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}
int main(void)
{
    enum { SUMS = 8, LOOPS = 10000000, BYTES = 4 << 20 };
    static char from[BYTES], to[BYTES];
    vec sum[SUMS], weight[SUMS], activation = splat(0x12345678);
    double best = 1e300, copied = 1e300;
    for (int i = 0; i < SUMS; i++)
        sum[i] = splat(0), weight[i] = splat(0x9e3779b9u * (unsigned)i);
    for (int run = 0; run < 5; run++) {
        double start = now();
        for (int l = 0; l < LOOPS; l++) {
#if TABLES
#define FOUND(i) _mm256_shuffle_epi8((__m256i)activation, (__m256i)weight[i])
#define STEP(i) sum[i] = (vec)_mm256_add_epi8((__m256i)sum[i], FOUND(i))
#else
#define STEP(i) sum[i] += ones(weight[i] ^ activation)
#endif
            STEP(0), STEP(1), STEP(2), STEP(3), STEP(4), STEP(5), STEP(6), STEP(7);
            activation += weight[1];
        }
        double took = now() - start;
        best = took < best ? took : best;
        start = now();
        for (int l = 0; l < 20; l++)
            memcpy(to, from, BYTES), from[l] = to[l + 1];
        took = now() - start;
        copied = took < copied ? took : copied;
    }
    for (int i = 1; i < SUMS; i++)
        sum[0] ^= sum[i];
    printf("%.0f %.1f %d\n", (double)LOOPS * SUMS * LANES / best, 20.0 * 2 * BYTES / copied, (int)((uint32_t *)sum)[0]);
    return 0;
}
"""


def products(piece: Piece) -> int:
    """Multiplications of one image."""
    match piece.head:
        case BinaryConv(signs=weight) | Conv(weight=weight):
            return prod(piece.shape[:2]) * weight.size
        case Linear(weight=weight):
            return weight.size
    return 0


def traffic(piece: Piece, shapes: list[Shape]) -> int:
    """Bytes of floats that it reads and writes; a binary convolution reads its input once more as its skip."""
    return 4 * (sum(prod(shapes[value]) for value in piece.reads()) + prod(piece.shape))


def peaks() -> tuple[float, float]:
    """Multiplications and bytes a nanosecond."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "peaks.c").write_text(PEAKS)
        include = str(resources("mobinet.export.c"))
        compiler = [*here().compiler.split(), "-DHALF=0", "-Wno-unused-function", "-I", include]
        subprocess.run([*compiler, "-o", folder / "peaks", folder / "peaks.c"], check=True)
        out = subprocess.run([folder / "peaks"], capture_output=True, text=True, check=True).stdout.split()
    return float(out[0]), float(out[1])


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--backbone", default="mobilenet-224", help="of the network (default: %(default)s)")
    network = Architecture.uniform(parser.parse_args().backbone, block="mid", k=2, pool="avg")
    pieces, shapes = exported_pieces(network, 1000)
    times = [1e6 * seconds for seconds in here().measure(untrained(network, 1000))]
    names = [name_of(piece, shapes) for piece in pieces]
    by_name = {name: (piece, time) for name, piece, time in zip(names, pieces, times)}
    print("| us | x | multiplications / ns | bytes / ns | piece |\n|---|---|---|---|---|")
    for name, count in sorted(Counter(names).items(), key=lambda item: -item[1] * by_name[item[0]][1]):
        piece, time = by_name[name]
        rates = f"{products(piece) / time / 1e3:,.0f} | {traffic(piece, shapes) / time / 1e3:.1f}"
        print(f"| {count * time:,.0f} | {count} | {rates} | {name} |")
    print(f"\n{sum(times):,.0f} us together")
    most, copied = peaks()
    print(f"at most {most:,.0f} multiplications / ns, {copied:.1f} bytes / ns")


if __name__ == "__main__":
    run_command(main)

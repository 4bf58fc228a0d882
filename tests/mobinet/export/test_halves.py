"""Half precision in C, against NumPy's."""

import subprocess
from importlib.resources import files

import numpy as np
import pytest

from mobinet.export.c.source import half_ranks
from tests.mobinet.export.tools import require

HARNESS = """
#define HALF 1
#define SCRATCH 0
#define LARGEST_WINDOW 1
#define LARGEST_RUN 1
#include "kernels.h"
#include <stdio.h>
int main(void)
{
    static float values[1 << 20];
    static stored halves[1 << 20];
    const size_t count = fread(values, sizeof *values, 1 << 20, stdin);
    for (int half = 0; half < 0x10000; half++) {
        const float value = widened((stored)half);
        const bound rank = rank_of((stored)half);
        fwrite(&value, sizeof value, 1, stdout), fwrite(&rank, sizeof rank, 1, stdout);
    }
    store(values, (int)count, halves);
    fwrite(halves, sizeof *halves, count, stdout);
    return 0;
}
"""
COMPILERS = {
    "gcc": ("gcc -O3 -march=native", ""),
    "clang": ("clang -O2", ""),
    "aarch64": ("aarch64-linux-gnu-gcc -O2 -static", "qemu-aarch64-static"),
}
ALL = np.arange(2**16, dtype=np.uint16).view(np.float16)
FINITE = np.isfinite(ALL)


@pytest.mark.parametrize("compiler", COMPILERS)
def test_all_halves_and_many_floats(tmp_path, compiler):
    command, runner = COMPILERS[compiler]
    require(command, runner)
    for name in ("kernels.h", "binary.h", "words.h", "tables.h", "lanes.h", "values.h"):
        (tmp_path / name).write_bytes((files("mobinet.export.c") / name).read_bytes())
    (tmp_path / "harness.c").write_text(HARNESS)
    subprocess.run([*command.split(), "-std=c99", "-w", "-o", "harness", "harness.c"], cwd=tmp_path, check=True)
    values = floats()
    out = subprocess.run([*runner.split(), "./harness"], cwd=tmp_path, input=values.tobytes(), capture_output=True)
    table = np.frombuffer(out.stdout, [("value", np.float32), ("rank", np.int16)], 2**16)
    assert (table["value"][FINITE].view(np.uint32) == ALL[FINITE].astype(np.float32).view(np.uint32)).all()
    order = np.argsort(ALL[FINITE], kind="stable")
    ranks, sorted_halves = table["rank"][FINITE][order].astype(int), ALL[FINITE][order]
    assert (np.diff(ranks)[np.diff(sorted_halves) > 0] > 0).all()
    found = np.frombuffer(out.stdout, np.uint16, offset=table.nbytes)
    assert (found == values.clip(-65504, 65504).astype(np.float16).view(np.uint16)).all()


def floats() -> np.ndarray:
    """Every half, what lies between two of them, a little more and a little less, and others of every size."""
    halves = ALL[FINITE].astype(np.float32)
    middles = (np.sort(halves)[1:] + np.sort(halves)[:-1]) / 2
    near = [np.nextafter(middles, np.float32(side * np.inf)) for side in (-1, 1)]
    wide = np.random.default_rng(0).integers(0, 2**32, 200_000, dtype=np.uint32).view(np.float32)
    return np.concatenate([halves, middles, *near, wide[np.isfinite(wide)], np.float32([65519, 65520, -1e38, -0.0])])


def test_a_half_reaches_a_threshold_where_its_rank_does():
    """Of thresholds near every kind of half, and beyond the largest, all halves as rank and as number."""
    picked = np.float16([0, 6e-8, -6e-8, 6.1e-5, -6.1e-5, 1, -1, 1.001, 65504, -65504]).astype(np.float32)
    thresholds = np.concatenate([np.nextafter(picked, np.float32(side * np.inf)) for side in (-1, 1)] + [picked])
    thresholds = np.concatenate([thresholds, np.float32([1e-20, -1e-20, 1e30, -1e30, np.inf, -np.inf, -0.0])])
    bits = ALL[FINITE].view(np.int16)
    ranks = bits ^ (bits >> 15 & 0x7FFF)
    for threshold, rank in zip(thresholds, half_ranks(thresholds)):
        assert ((ranks >= rank) == (ALL[FINITE].astype(np.float32) >= threshold)).all(), threshold

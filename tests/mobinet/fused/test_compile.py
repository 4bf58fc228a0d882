"""Kernels are compiled again when a source changes, and round alike whatever a process compiled or loaded before."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numba")

from mobinet.fused.cpu import passes  # noqa: E402
from mobinet.fused.cpu.cache_stamp import SOURCES, digest_of  # noqa: E402

FUSED = Path(passes.__file__).parents[1]


def test_digest_sees_every_file_and_its_place(tmp_path):
    copied = shutil.copytree(FUSED, tmp_path / "fused", ignore=shutil.ignore_patterns("__pycache__"))
    assert digest_of(copied) == SOURCES
    (copied / "cpu" / "tiling.py").write_text((copied / "cpu" / "tiling.py").read_text() + "# changed\n")
    changed = digest_of(copied)
    (copied / "cpu" / "tiling.py").rename(copied / "tiling.py")
    assert len({SOURCES, changed, digest_of(copied)}) == 3


def test_kernels_are_kept_with_that_stamp():
    assert passes.normalise._cache._cache_file._source_stamp == SOURCES


NORMALISED = """
import hashlib
import numpy as np
from mobinet.fused.cpu import passes

rng = np.random.default_rng(0)
x, affine, norm = (rng.standard_normal(shape, np.float32) for shape in ((8, 4, 4, 8), (3, 8), (4, 8)))
y = rng.integers(-9, 9, x.shape).astype(np.int16)
out = np.empty_like(x)
passes.normalise((0, 1, np.array([0, 8])), (y, affine), (np.abs(norm[:2]), norm[2], norm[3]), x, out)
print(hashlib.sha256(out).hexdigest())
"""


def test_what_compiles_a_kernel_rounds_as_what_loads_it(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(FUSED.parents[1])}
    command = [sys.executable, "-c", NORMALISED]
    compiled, loaded = (
        subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout for _ in range(2)
    )
    assert compiled == loaded

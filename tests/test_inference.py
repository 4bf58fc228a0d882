"""The benchmark of exported networks."""

import subprocess
import sys
from pathlib import Path

from benchmarks.speed.inference import BUILDS, as_trained, times_of_builds
from space import Architecture

PLAIN_ONLY = """#!/bin/sh
for flag in "$@"; do
    case $flag in -m*)
        echo "cc: error: unrecognized command-line option '$flag'" >&2
        exit 1
    esac
done
exec cc "$@"
"""


def test_builds_that_the_compiler_refuses_are_named(tmp_path, monkeypatch):
    compiler = tmp_path / "compiler"
    compiler.write_text(PLAIN_ONLY)
    compiler.chmod(0o755)
    monkeypatch.setenv("CC", str(compiler))
    times, refused = times_of_builds(as_trained(Architecture.uniform("mobilenet-8")), tmp_path, 0.001)
    assert times.keys() == {"plain", "SSE2"} and min(times.values()) > 0
    said = "not compiled with {0}: cc: error: unrecognized command-line option '{0}'"
    native = said.format("-march=native")
    assert refused == {"AVX2": said.format("-mavx2"), "native": native, "native, float16": native}
    assert BUILDS.keys() == times.keys() | refused.keys()


def test_files_for_litert_need_nothing_but_tensorflow(tmp_path):
    """Without any installed package the command begins, and asks for that one."""
    command = [sys.executable, "-S", "-m", "benchmarks.speed.litert", str(tmp_path / "new")]
    ended = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "mobinas: LiteRT's files need the package tensorflow: pip install tensorflow\n"
    assert not (tmp_path / "new").exists()

"""The benchmark of exported networks."""

import subprocess
import sys
from itertools import groupby
from pathlib import Path

from benchmarks.speed.inference import BUILDS, as_trained, calls_of_builds, in_turns, line
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
    calls, refused = calls_of_builds(as_trained(Architecture.uniform("mobilenet-8")), tmp_path, [*BUILDS])
    assert calls.keys() == {"plain", "SSE2"} and min(in_turns(calls, 0.001).values()) > 0
    said = "not compiled with {0}: cc: error: unrecognized command-line option '{0}'"
    native = said.format("-march=native")
    assert refused == {"AVX2": said.format("-mavx2"), "native": native, "native, float16": native}
    assert BUILDS.keys() == calls.keys() | refused.keys()


def test_networks_take_turns():
    said = []
    in_turns({name: lambda name=name: said.append(name) for name in "ab"}, 1e-9)
    turns = [name for name, _ in groupby(said)]
    assert turns == ["a", "b"] * 5 and said.count("a") == said.count("b") == 5 * 6  # of which one is not timed


def test_only_builds_have_a_ratio():
    times = {"torch": 1500.0, "onnxruntime": 1000.0, "AVX2": 300.0}
    assert line("net", times, ["torch", "onnxruntime", "SSE2", "AVX2"]) == "| net | 1,500 | 1,000 | - | 300 (3.3) |"


def test_files_for_litert_need_nothing_but_tensorflow(tmp_path):
    """Without any installed package the command begins, and asks for that one."""
    command = [sys.executable, "-S", "-m", "benchmarks.speed.litert", str(tmp_path / "new")]
    ended = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "mobinas: LiteRT's files need the package tensorflow: pip install tensorflow\n"
    assert not (tmp_path / "new").exists()

"""The examples of docs/extend.md, made in a copy of the project and run."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs" / "extend.md").read_text()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMANDS = re.findall(r"^    python (.+)$", GUIDE, re.MULTILINE)


def changed(text: str, diff: str) -> str:
    """What `diff` makes of a file; it must fit in one place."""
    lines = diff.splitlines()
    before = "\n".join(line[1:] for line in lines if line[0] in " -")
    after = "\n".join(line[1:] for line in lines if line[0] in " +")
    assert text.count(before) == 1, f"{text.count(before)} places for:\n{before}"
    return text.replace(before, after)


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """The project with every example in it."""
    folder = tmp_path_factory.mktemp("extended")
    for package in ("space", "mobinet", "results", "search"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "fused"))
    (folder / "mobinet" / "fused").symlink_to(ROOT / "mobinet" / "fused")  # with its compiled kernels
    for found in BLOCK.finditer(GUIDE):
        kind, content = found.groups()
        path = folder / re.findall(r"`(\S+\.py)`", GUIDE[: found.start()])[-1]
        assert path.exists() == (kind == "diff")
        path.write_text(changed(path.read_text(), content) if kind == "diff" else content)
    images, labels = load_digits(return_X_y=True)
    pixels = (images * 15).astype(np.uint8).reshape(-1, 1, 8, 8)
    (folder / "arrays").mkdir()
    for name, part in {"train": slice(300, None), "test": slice(300)}.items():
        np.savez(folder / "arrays" / f"{name}.npz", images=pixels[part], labels=labels[part])
    return folder


ALL_IN_ONE_PROCESS = """
import runpy, shlex, sys
for command in sys.argv[1:]:
    flag, what, *sys.argv[1:] = shlex.split(command)
    runpy.run_module(what, run_name="__main__") if flag == "-m" else exec(what)
"""
"""So that torch is loaded once."""


def test_commands_run_in_the_extended_project(copy: Path):
    ended = subprocess.run(
        [sys.executable, "-c", ALL_IN_ONE_PROCESS, *COMMANDS],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    for run in re.findall(r"--out (runs/\S+)", GUIDE):
        trials = pd.read_csv(copy / run / "trials.csv")
        assert len(trials) == 2, run
        assert trials["accuracy"].between(0, 1).all(), run
    assert ended.stdout.count("test top-1") == 2, "the family's and the data set's retraining"
    assert (copy / "twin-c" / "network.c").exists()
    assert re.search(r"best.json: .* at \d.* k?FLOPs", ended.stdout), "the cost of a network"


def test_every_seam_has_an_example():
    headings = re.findall(r"^## An? (.+)$", GUIDE, re.MULTILINE)
    assert sorted(headings) == sorted(
        ["binarizer", "sampler", "evaluator", "data set", "back end", "family", "cost", "export format"]
    )
    for section in GUIDE.split("\n## ")[1:]:
        assert re.search(r"^    python ", section, re.MULTILINE), section

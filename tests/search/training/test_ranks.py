"""One training in two processes, as torchrun starts them, against one process that learns the same slices."""

import signal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import search.retrain
from results.files import read_json
from search.messages.epoch_line import EpochLine
from search.training import ranks

FILES = {
    *("metrics.csv", "last.pt", "best.pt", "model.safetensors", "examples.safetensors", "summary.json", "SHA256SUMS"),
    ".lock",
}
TOLERANCE = 1e-5
"""Of weights, running statistics and losses: sums are rounded in another order."""


@pytest.fixture
def torchrun(start, tmp_path):
    """Start a command in two processes."""

    def call(*args):
        return start("torch.distributed.run", "--standalone", "--nproc-per-node", 2, *args, cwd=tmp_path)

    return call


@pytest.fixture
def pictures(tmp_path):
    """A folder with 200 grey pictures of two classes: noise, brighter on the left or on the right."""
    rng = np.random.default_rng(0)
    for index in range(200):
        pixels = rng.integers(0, 128, (9, 9))
        pixels[:, :4] += 100 * (index % 2)
        pixels[:, 5:] += 100 * (1 - index % 2)
        path = tmp_path / "pictures" / ("left", "right")[index % 2] / f"{index:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(path)
    return tmp_path / "pictures"


def state_of(folder: Path) -> dict[str, torch.Tensor]:
    net = torch.load(folder / "last.pt", weights_only=True)["training"]["net"]
    return {name: value for name, value in net.items() if value.is_floating_point()}


def assert_alike(folder: Path, reference: Path) -> None:
    found, expected = state_of(folder), state_of(reference)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=TOLERANCE, atol=TOLERANCE, msg=name)
    rows, wanted = (pd.read_csv(path / "metrics.csv") for path in (folder, reference))
    assert rows["loss"].tolist() == pytest.approx(wanted["loss"].tolist(), rel=TOLERANCE)
    assert rows["validation_top1"].tolist() == wanted["validation_top1"].tolist()
    summary, known = (read_json(path / "summary.json") for path in (folder, reference))
    for name in ("test_top1", "test_top5", "test_images", "file_bytes"):
        assert summary[name] == known[name]


def one_line(err: str) -> str:
    """What our own processes say; torchrun adds a report of its own."""
    (line,) = (line for line in err.splitlines() if line.startswith("mobinas: "))
    return line


def test_two_processes_equal_one_that_accumulates(torchrun, invoke, pictures, tmp_path):
    flags = "--dataset", "imagefolder", "--data-dir", pictures, "--backbone", "mobilenet-8", "--epochs", 3
    process = torchrun("-m", "search.retrain", "mobinet-mid-k1", *flags, "--out", tmp_path / "two")
    assert invoke(search.retrain, "mobinet-mid-k1", *flags, "--accumulate", 2, "--out", tmp_path / "one").code == 0
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    assert [line.split()[:2] for line in out.splitlines() if line.startswith("epoch")] == [
        ["epoch", f"{epoch}/3"] for epoch in (1, 2, 3)
    ]
    assert out.count("test top-1") == 1
    (two,), (one,) = (list((tmp_path / name).iterdir()) for name in ("two", "one"))
    assert {path.name for path in two.iterdir()} == FILES
    assert_alike(two, one)
    summaries = [read_json(folder / "summary.json") for folder in (two, one)]
    assert [(summary["processes"], summary["accumulate"]) for summary in summaries] == [(2, 1), (1, 2)]


def test_goes_on_with_another_number_of_processes(torchrun, invoke, tmp_path, monkeypatch):
    command = "mobinet-mid-k3", "--epochs", 4
    assert invoke(search.retrain, *command, "--accumulate", 2, "--out", tmp_path / "whole").code == 0

    def stop(self, row):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(EpochLine, "show", stop)
        assert invoke(search.retrain, *command, "--accumulate", 2, "--out", tmp_path / "parts").code == 130
    process = torchrun("-m", "search.retrain", *command, "--out", tmp_path / "parts")
    first = next(line for line in process.stdout if line.startswith("epoch"))
    assert first.startswith("epoch    2")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=600)
    ended = invoke(search.retrain, *command, "--accumulate", 2, "--out", tmp_path / "parts")
    assert ended.code == 0 and "epoch    2" not in ended.out
    (parts,), (whole,) = (list((tmp_path / name).iterdir()) for name in ("parts", "whole"))
    assert_alike(parts, whole)


def test_a_batch_that_cannot_be_divided_is_one_line(invoke, monkeypatch, tmp_path):
    flags = "mobinet-mid-k3", "--accumulate", 3, "--out", tmp_path / "out"
    for processes, parts in ((1, 3), (2, 6)):
        monkeypatch.setattr(ranks, "ranks", lambda processes=processes: processes)
        ended = invoke(search.retrain, *flags)
        assert ended.code == 2 and f"64 images cannot be cut into {parts}" in one_line(ended.err)
    assert [path.name for path in (tmp_path / "out").rglob("*") if path.is_file()] == [".lock"]


FAILING = """
import os
import torch
from space.command import run_command
from search.training import ranks
from space import InputError


def main():
    with ranks.joined():
        assert ranks.ranks() == ranks.total(torch.ones(())) == 2
        if ranks.rank() == 1:
            {failure}
        ranks.total(torch.zeros(()))


run_command(main)
"""


@pytest.mark.parametrize("failure", ['raise InputError("no pictures here")', "os.kill(os.getpid(), 9)"])
def test_one_process_that_fails_ends_all(torchrun, tmp_path, failure):
    (tmp_path / "failing.py").write_text(FAILING.format(failure=failure))
    process = torchrun("failing.py")
    _, err = process.communicate(timeout=600)
    assert process.returncode != 0
    if "raise" in failure:
        assert one_line(err) == "mobinas: no pictures here" and "exitcode  : 2" in err
    else:  # torchrun may stop the other before it has said so
        assert "Signal 9" in err and err.count("mobinas: another process") == err.count("mobinas: ") <= 1


def test_a_process_of_its_own_has_nothing_to_do():
    with ranks.joined():
        assert (ranks.rank(), ranks.ranks(), ranks.part()) == (0, 1, (0, 1))
        value = torch.tensor([1.0, 2.0])
        ranks.average([value])
        assert ranks.total(value).tolist() == [1.0, 2.0]
        assert ranks.from_first(lambda: 3) == ranks.first_here(lambda: 3) == 3

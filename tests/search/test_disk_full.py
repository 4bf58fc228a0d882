"""A disk that is full: one line, nothing is lost, and the same command goes on when there is room again."""

import json
import os
import shutil
import subprocess

import pandas as pd
import pytest
import torch

import search.retrain
import search.run

MEGABYTE = 2**20


@pytest.fixture
def disk(tmp_path):
    """A disk of 16 MB of which all but `room` bytes can be taken up."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("no disk can be mounted here")

    def fill(room: int | None) -> None:
        (folder / "filler").unlink(missing_ok=True)
        if room is not None:
            stat = os.statvfs(folder)
            (folder / "filler").write_bytes(bytes(max(0, stat.f_bavail * stat.f_frsize - room)))

    yield folder, fill
    subprocess.run(["umount", "-l", folder], check=True)


def last_line(ended) -> str:
    assert ended.code == 2 and "Traceback" not in ended.err
    return ended.err.splitlines()[-1]


def contents(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.name != ".lock"}


def test_search(disk, judged, invoke, instant):
    folder, fill = disk
    flags = "--epochs", 1, "--workers", 0, "--trials"
    fill(0)
    line = last_line(invoke(search.run, *flags, 18, "--out", folder / "new"))
    assert line.startswith("mobinas: cannot write ") and "study.db" in line
    fill(None)
    run = shutil.copytree(judged, folder / "run")
    before = contents(run)
    trials = 20
    for room, name in ((0, "study.db"), (64 * 2**10, "study.db"), (MEGABYTE, "report.html")):
        fill(room)
        line = last_line(invoke(search.run, *flags, trials, "--out", run))
        assert line.startswith("mobinas: ") and "full" in line or "No space left on device" in line
        if not room:
            assert contents(run) == before
        trials += 30 if name == "study.db" else 1
        assert json.loads((run / "config.json").read_text())["seed"] == 0
        assert (run / "report.html").read_bytes() == before["report.html"]
        pd.read_csv(run / "trials.csv")
    fill(None)
    assert invoke(search.run, *flags, trials, "--out", run).code == 0
    table = pd.read_csv(run / "trials.csv", dtype={"key": str})
    assert table["number"].tolist() == list(range(trials)) and table["key"].is_unique
    assert table["state"].eq("complete").all()
    earlier = pd.read_csv(judged / "trials.csv", dtype={"key": str})
    same = earlier.columns.drop(["expected", "reason"])
    assert table[:17][same].equals(earlier[same])


def test_retraining(disk, judged, invoke, tmp_path):
    folder, fill = disk
    command = judged / "best.json", "--epochs", 3, "--out"
    assert invoke(search.retrain, *command, tmp_path / "whole").code == 0
    key = json.loads((judged / "best.json").read_text())["key"]
    whole, run = tmp_path / "whole" / key, folder / key
    checkpoints = sum((whole / name).stat().st_size for name in ("last.pt", "best.pt"))
    for room in (0, (whole / "best.pt").stat().st_size + 20_000, checkpoints + 20_000):
        fill(room)
        before = contents(run) if run.exists() else {}
        assert last_line(invoke(search.retrain, *command, folder)).startswith("mobinas: No space left on device: ")
        for name in before.keys() & {"last.pt"}:
            torch.load(run / name, weights_only=True)
    fill(None)
    assert invoke(search.retrain, *command, folder).code == 0
    for name in ("best.pt", "last.pt"):
        one, other = (torch.load(path / name, weights_only=True) for path in (whole, run))
        if name == "last.pt":
            one, other = one["training"]["net"], other["training"]["net"]
        assert all(torch.equal(one[tensor], other[tensor]) for tensor in one)
    found = [json.loads((path / "summary.json").read_text())["test_top1"] for path in (whole, run)]
    assert found[0] == found[1]

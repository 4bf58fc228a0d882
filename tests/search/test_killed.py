"""Processes killed at random moments: the same command then ends as if nothing had happened."""

import os
import signal
import sqlite3
import time
from pathlib import Path
from random import Random

import pandas as pd
import pytest
import torch
from faults import KILLS, SEED

import search.retrain
import search.run
from results.files import read_json

SMALL = 'block = ["pre", "mid"]\nk = [0, 1, 2]\npool = ["avg"]\n'


@pytest.fixture
def small(tmp_path):
    (tmp_path / "small.toml").write_text(SMALL)
    return "--space", tmp_path / "small.toml", "--sampler", "random", "--epochs", 1, "--proxy-images", 100


def table_of(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "trials.csv", dtype={"key": str}, keep_default_na=False).drop(columns="seconds")


def ended_trials(folder: Path) -> dict[int, float]:
    """Number and accuracy of each complete trial."""
    if not (folder / "study.db").exists():
        return {}
    connection = sqlite3.connect(folder / "study.db")  # not read-only: a transaction may have to be rolled back
    query = "select number, value from trials join trial_values using (trial_id) where objective = 0"
    found = dict(connection.execute(query))
    connection.close()
    return found


def wait_for(condition, seconds: float = 300):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "timed out"
        time.sleep(0.02)
    return found


def kill(process, rng: Random, began, longest: float) -> None:
    """Kill a process some time after it began its work."""
    wait_for(lambda: began() or process.poll() is not None)
    time.sleep(rng.uniform(0, longest))
    process.kill()
    process.communicate()


def test_driver(small, start, invoke, tmp_path):
    trials = 10 + 4 * KILLS
    command = *small, "--trials", trials
    assert invoke(search.run, *command, "--workers", 0, "--out", tmp_path / "whole").code == 0
    rng, before = Random(SEED), {}
    for _ in range(KILLS):
        process = start("search.run", *command, "--workers", 1, "--out", "run", cwd=tmp_path)
        kill(process, rng, (tmp_path / "run" / "study.db").exists, 4.0)
        after = ended_trials(tmp_path / "run")
        assert {number: after.get(number) for number in before} == before
        before = after
    assert invoke(search.run, *command, "--workers", 0, "--out", tmp_path / "run").code == 0
    assert table_of(tmp_path / "run").equals(table_of(tmp_path / "whole"))
    names = {path.name for path in (tmp_path / "whole").iterdir()}
    assert {path.name for path in (tmp_path / "run").iterdir()} == names


def workers_of(driver: int) -> list[int]:
    """Its processes that evaluate."""
    found = []
    for task in Path(f"/proc/{driver}/task").glob("*/children"):
        for child in task.read_text().split():
            try:
                command = Path(f"/proc/{child}/cmdline").read_text()
            except OSError:
                continue
            found += [int(child)] if "spawn_main" in command else []
    return found


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds workers in /proc")
def test_workers(small, start, tmp_path):
    trials = 12 + 4 * KILLS
    process = start("search.run", *small, "--trials", trials, "--workers", 2, "--out", "run", cwd=tmp_path)
    rng, killed = Random(SEED), 0
    wait_for(lambda: workers_of(process.pid))
    while killed < KILLS and process.poll() is None:
        time.sleep(rng.uniform(0, 3))
        if found := workers_of(process.pid):
            try:
                os.kill(rng.choice(found), signal.SIGKILL)
                killed += 1
            except ProcessLookupError:
                pass
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0 and "Traceback" not in err
    table = table_of(tmp_path / "run")
    assert table["number"].tolist() == list(range(trials)) and table["key"].is_unique
    failed = table[table["state"] == "failed"]
    assert len(failed) <= killed and set(table["state"]) <= {"complete", "failed"}
    assert failed["reason"].str.startswith("its worker process was killed").all()


def test_retraining(judged, start, invoke, tmp_path):
    command = judged / "best.json", "--epochs", 4 + KILLS
    assert invoke(search.retrain, *command, "--out", tmp_path / "whole").code == 0
    (whole,) = (tmp_path / "whole").iterdir()
    folder, rng = tmp_path / "killed" / whole.name, Random(SEED)
    for _ in range(KILLS):
        process = start("search.retrain", *command, "--out", tmp_path / "killed", cwd=tmp_path)
        kill(process, rng, (folder / ".lock").exists, 4.0)
    assert invoke(search.retrain, *command, "--out", tmp_path / "killed").code == 0
    assert {path.name for path in folder.iterdir()} == {path.name for path in whole.iterdir()}
    assert weights(folder / "best.pt") == weights(whole / "best.pt")
    assert tensors(folder) == tensors(whole)
    one, other = ({**read_json(path / "summary.json"), "seconds": 0} for path in (folder, whole))
    assert one == other
    metrics = [pd.read_csv(path / "metrics.csv").drop(columns="seconds") for path in (folder, whole)]
    assert metrics[0].equals(metrics[1])


def weights(path: Path) -> dict[str, bytes]:
    return {name: value.numpy().tobytes() for name, value in torch.load(path, weights_only=True).items()}


def tensors(folder: Path) -> bytes:
    """What a safetensors file holds behind its header, whose entries have no fixed order."""
    content = (folder / "model.safetensors").read_bytes()
    return content[8 + int.from_bytes(content[:8], "little") :]

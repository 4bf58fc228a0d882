"""Trials that fail in every way there is: each alone, and with its reason wherever trials are shown."""

import os
import signal
import sys
import time
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import pandas as pd
import torch
from fake_evaluators import accuracy_of

import search.run
from search.evaluators import EVALUATORS
from search.evaluators.proxy import Proxy
from search.task import Evaluation, Task
from search.training.training import NonFiniteLoss
from space import load_space

REASONS = {
    "raise": "ValueError: no such luck",
    "memory": "MemoryError",
    "torch": "RuntimeError: ",
    "diverge": "NonFiniteLoss: the loss is nan after epoch 1",
    "kill": "its worker process was killed, as the system does when memory runs out",
    "exit": "its worker process ended with exit code 0",
    "hang": "it took longer than --time-limit 3 seconds",
}


@dataclass(frozen=True, kw_only=True)
class Faulty(Proxy):
    """Instant, but for the networks whose keys are in `faults`."""

    faults: dict[str, str] = field(default_factory=dict)

    def __call__(self, task: Task) -> Evaluation:
        match self.faults.get(task.architecture.key):
            case "raise":
                raise ValueError("no such luck\nand more")
            case "memory":
                raise MemoryError
            case "torch":
                torch.empty(2**55)
            case "diverge":
                raise NonFiniteLoss("the loss is nan after epoch 1")
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "exit":
                os._exit(0)
            case "hang":
                time.sleep(1e6)
        return Evaluation(accuracy=accuracy_of(task.architecture.key), epochs=1, seconds=0.0)


def test_each_fails_alone_and_says_why(tmp_path, invoke, monkeypatch, forked):
    keys = [network.key for network in load_space().baselines()[1:]]
    faults = dict(zip(keys[::2], REASONS))

    def make(settings, args, *, space, folder):
        return Faulty(**settings, faults=faults)

    monkeypatch.setitem(sys.modules, "faulty", SimpleNamespace(make=make))
    monkeypatch.setitem(EVALUATORS, "proxy", replace(EVALUATORS["proxy"], module="faulty"))
    flags = "--trials", 16, "--workers", 2, "--time-limit", 3, "--out", tmp_path / "run"
    ended = invoke(search.run, *flags)
    assert ended.code == 0 and "Traceback" not in ended.err
    table = pd.read_csv(tmp_path / "run" / "trials.csv", dtype={"key": str}, keep_default_na=False)
    assert table["number"].tolist() == list(range(16)) and len(faults) == len(REASONS)
    failed = table[table["state"] == "failed"].set_index("key")["reason"]
    assert failed.keys().tolist() == list(faults)
    page = (tmp_path / "run" / "report.html").read_text()
    for key, fault in faults.items():
        assert failed[key].startswith(REASONS[fault]) and REASONS[fault] in ended.out and REASONS[fault] in page
    fine = table[table["state"] == "complete"]
    assert len(fine) == 16 - len(REASONS)
    assert fine["accuracy"].astype(float).tolist() == [accuracy_of(key) for key in fine["key"]]
    assert invoke(search.run, *flags).code == 0  # what failed stays so
    again = pd.read_csv(tmp_path / "run" / "trials.csv", dtype={"key": str}, keep_default_na=False)
    assert again.equals(table)


def test_a_time_limit_needs_a_worker(invoke, tmp_path):
    ended = invoke(search.run, "--workers", 0, "--time-limit", 5, "--out", tmp_path / "run")
    assert ended.code == 2 and not (tmp_path / "run").exists()
    assert "--time-limit goes with --workers 1 or more" in ended.err and len(ended.err.splitlines()) == 1

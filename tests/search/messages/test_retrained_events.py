"""What programs read of a retraining is what its files hold."""

import json

import pandas as pd

import search.retrain
from results.files import read_json
from search.training.training import Training

NETWORK = "mobinet-mid-k0", "--epochs", 2


def test_a_training_tells_its_epochs_and_its_end(tmp_path, invoke):
    ended = invoke(search.retrain, *NETWORK, "--out", tmp_path, "--json")
    begin, *epochs, end = map(json.loads, ended.out.splitlines())
    folder = tmp_path / begin["trainings"][0]["key"]
    assert begin["trainings"] == [{"key": folder.name, "seed": 0, "folder": str(folder)}]
    assert (begin["event"], begin["dataset"], begin["recipe"]["epochs"]) == ("begin", "digits", 2)
    metrics = pd.read_csv(folder / "metrics.csv").to_dict("records")
    assert epochs == [{"event": "epoch", **row} for row in metrics] and len(epochs) == 2
    assert end["event"] == "end" and end["summary"] == read_json(folder / "summary.json")
    assert end["next"][0] == f"mobinas evaluate {folder}"
    assert "epoch    2/2" in ended.err, "what people read"
    again = invoke(search.retrain, *NETWORK, "--out", tmp_path, "--json", "--quiet")
    assert [json.loads(line)["event"] for line in again.out.splitlines()] == ["begin", "end"] and again.err == ""


def test_several_tell_how_each_ended(tmp_path, invoke, monkeypatch):
    def diverge_once(self, run_epoch=Training.run_epoch):
        if self.recipe.epochs == 1 and not diverged:
            diverged.append(True)
            raise RuntimeError("nothing works")
        return run_epoch(self)

    diverged = []
    monkeypatch.setattr(Training, "run_epoch", diverge_once)
    flags = "mobinet-mid-k0", "--epochs", 1, "--seeds", 2, "--workers", 0, "--out", tmp_path
    ended = invoke(search.retrain, *flags, "--json", "--quiet")
    begin, failed, complete = map(json.loads, ended.out.splitlines())
    assert [one["seed"] for one in begin["trainings"]] == [0, 1]
    assert (failed["seed"], failed["state"], failed["reason"]) == (0, "failed", "RuntimeError: nothing works")
    summary = read_json(tmp_path / f"{complete['key']}-seed1" / "summary.json")
    assert (complete["state"], complete["test_top1"]) == ("complete", summary["test_top1"])
    assert ended.code == 2 and ended.err.count("\n") == 1

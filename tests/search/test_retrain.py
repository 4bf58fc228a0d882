"""The retrain command, end to end."""

import json
import os
import re
import signal
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch

import search.evaluate
import search.retrain
from mobinet.export.packed import read_packed
from results.files import read_json
from search.data.catalog import DATASETS
from search.recipe import Recipe
from search.retrain import parse
from search.target import find_targets
from search.training.training import Training
from space import InputError


def one_line(ended) -> str:
    assert ended.code == 2
    assert ended.err.startswith("mobinas: ") and ended.err.count("\n") == 1
    return ended.err


def altered(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize(
    "flags",
    [
        ("~no-one-here/best.json",),
        ("~no-one-here/pareto.json", "--all"),
        ("mobinet-mid-k3", "--recipe", "~no-one-here/mine.toml"),
        ("mobinet-mid-k3", "--teacher", "~no-one-here/teacher.pt"),
        ("mobinet-mid-k3", "--teacher", "torchvision:resnet18:~no-one-here/weights.pth"),
    ],
)
def test_a_home_that_there_is_not_is_one_line(invoke, tmp_path, flags):
    ended = invoke(search.retrain, *flags, "--out", tmp_path)
    assert ": there is no such home directory" in one_line(ended)


def losses(folder) -> list:
    return pd.read_csv(folder / "metrics.csv").drop(columns="seconds").to_numpy().tolist()


def tensors(folder) -> bytes:
    content = (folder / "model.safetensors").read_bytes()
    return content[8 + int.from_bytes(content[:8], "little") :]


def test_the_winner_is_trained_and_written(judged_copy, invoke):
    best = read_json(judged_copy / "best.json")
    ended = invoke(search.retrain, judged_copy / "best.json", "--epochs", 2)
    assert ended.code == 0 and ended.err == ""
    folder = judged_copy / "retrain" / best["key"]
    summary = read_json(folder / "summary.json")
    assert (summary["key"], summary["cost"], summary["epochs"]) == (best["key"], best["cost"], 2)
    assert pd.read_csv(folder / "metrics.csv")["epoch"].tolist() == [1, 2]
    assert read_packed(folder / "model.safetensors")[1]["num_classes"] == "10"
    error = (summary["test_top1"] * (1 - summary["test_top1"]) / 300) ** 0.5
    assert f"test top-1 {summary['test_top1']:.2%} ± {error:.2%} (standard error)" in ended.out
    assert "epoch    1/2  " in ended.out and "epoch    2/2  " in ended.out and "\x1b" not in ended.out
    commands = re.findall(r"^    mobinas (\w+) (\S+)", ended.out, re.MULTILINE)
    assert commands == [(name, str(folder)) for name in ("evaluate", "export", "predict")]
    again = invoke(search.retrain, judged_copy / "best.json", "--epochs", 2)
    assert again.code == 0 and "epoch    " not in again.out
    assert "epochs 2 there and 3 here" in one_line(invoke(search.retrain, judged_copy / "best.json", "--epochs", 3))


def test_a_network_that_guesses_is_told(tmp_path, invoke):
    """Its weights stay as they were drawn. A guess has 10 % right, give or take 1.96 * sqrt(0.09 / 300) = 3.4 %."""
    command = "mobinet-post-k0", "--epochs", 1, "--learning-rate", 1e-9, "--out", tmp_path
    ended = invoke(search.retrain, *command)
    (folder,) = tmp_path.iterdir()
    reached = read_json(folder / "summary.json")["test_balanced_accuracy"]
    said = f"on these 300 images it reaches {reached:.1%} balanced accuracy, a guess among 10 classes 10.0%"
    told = (ended.out, invoke(search.evaluate, folder).out)
    assert reached < 0.134 and all(said in text.replace("\n", " ") for text in told)
    several = invoke(search.retrain, *command, "--seeds", 2, "--workers", 0)
    assert several.out.endswith("of 2 seeds), not shown to do better than guessing\n")


def test_the_report_of_the_run_shows_it(judged_copy, invoke):
    report, best = judged_copy / "report.html", read_json(judged_copy / "best.json")
    assert "<h2>Retrained</h2>" not in report.read_text()
    command = judged_copy / "best.json", "--epochs", 1
    assert invoke(search.retrain, *command).out.endswith(f"\nwrote {report}\n")
    _, section = report.read_text().split("<h2>Retrained</h2>")
    summary = read_json(judged_copy / "retrain" / best["key"] / "summary.json")
    for accuracy in (best["accuracy"], summary["validation_top1"], summary["test_top1"]):
        assert f">{accuracy:.2%}</td>" in section
    assert "Not shown" not in section

    old = report.read_bytes()
    (judged_copy / "pareto.json").write_text("{")
    ended = invoke(search.retrain, *command)
    assert (ended.code, ended.err, report.read_bytes() == old) == (0, "", True)
    said = f"could not write {report} again: {judged_copy}/pareto.json was changed"
    assert ended.out.splitlines()[-1].startswith(said)
    (judged_copy / "trials.csv").unlink()
    ended = invoke(search.retrain, *command)
    assert ended.code == 0 and ended.out.splitlines()[-1].startswith("    mobinas predict ")


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), AttributeError("a defect"), InputError("")])
def test_a_report_that_cannot_be_made_fails_no_training(tmp_path, monkeypatch, error):
    def fail(run):
        raise error

    monkeypatch.setattr("search.retraining.run_report.rewrite_report", fail)
    for name in ("config.json", "trials.csv"):
        assert search.retrain.refresh_report(tmp_path / "retrain" / "abc") == ""
        (tmp_path / name).write_text("")
    line = search.retrain.refresh_report(tmp_path / "retrain" / "abc")
    assert line.startswith(f"could not write {tmp_path}/report.html again: ") and line.count("\n") == 1
    assert search.retrain.refresh_report(tmp_path / "elsewhere" / "abc") == ""


def test_any_point_of_the_front_by_its_key(judged_copy, invoke, tmp_path):
    front = read_json(judged_copy / "pareto.json")["front"]
    assert len(front) > 1
    line = one_line(invoke(search.retrain, judged_copy / "pareto.json"))
    assert "--key" in line and "pareto.csv" in line
    assert "no network abc" in one_line(invoke(search.retrain, judged_copy / "pareto.json", "--key", "abc"))
    flags = "--key", front[-1]["key"], "--epochs", 1, "--out", tmp_path / "there"
    ended = invoke(search.retrain, judged_copy / "pareto.json", *flags)
    assert ended.code == 0 and "report.html" not in ended.out
    assert read_json(tmp_path / "there" / front[-1]["key"] / "summary.json")["cost"] == front[-1]["cost"]


def test_on_other_images_it_goes_to_a_folder_of_its_own(judged_copy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = (judged_copy / "retrain", "pictures")
    best = altered(judged_copy / "best.json", lambda content: content.update(data_dir="pictures"))
    (judged_copy / "SHA256SUMS").unlink()
    for flags, expected in (
        ((), own),
        (("--dataset", "digits"), own),
        (("--dataset", "mnist"), (Path("runs/retrain/mnist"), "data")),
    ):
        (target,) = find_targets(parse([str(best), *flags]))
        assert (target.folder, target.data_dir) == expected


def test_a_hand_designed_network_by_its_name(invoke, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ended = invoke(search.retrain, "mobinet-mid-k3", "--epochs", 1)
    assert ended.code == 0
    (path,) = tmp_path.glob("runs/retrain/**/summary.json")
    summary = read_json(path)
    genes = summary["architecture"]["genes"]
    assert summary["key"] == path.parent.name and summary["architecture"]["backbone"] == "mobilenet-8"
    assert {genes[f"layer{i}.block"] for i in range(5)} == {"mid"} and genes["layer3.k"] == 3
    assert {genes["layer1.pool"], genes["layer3.pool"]} == {"avg"}


@pytest.mark.parametrize(
    "change",
    [
        lambda best: best["cost"].update(ops=best["cost"]["ops"] - 1),
        lambda best: best["cost"].update(bytes=1),
        lambda best: best.update(key="0123456789ab"),
        lambda best: best["architecture"]["genes"].update({"layer4.k": 3 - best["architecture"]["genes"]["layer4.k"]}),
    ],
)
def test_an_altered_file_is_refused(judged_copy, invoke, change):
    path = altered(judged_copy / "best.json", change)
    assert "the file was changed" in one_line(invoke(search.retrain, path, "--epochs", 1))
    assert not (judged_copy / "retrain").exists()


def test_bad_settings_are_one_line_and_exit_code_2(judged_copy, invoke, tmp_path):
    (tmp_path / "broken.json").write_text('{"front": [')
    (tmp_path / "list.json").write_text("[1, 2]")
    (tmp_path / "file").write_text("")
    best = judged_copy / "best.json"
    unknown = altered(judged_copy / "pareto.json", lambda content: content["front"][0].update(dataset="imagenet"))
    key = read_json(unknown)["front"][0]["key"]
    bad = {
        "nowhere.json": (tmp_path / "nowhere.json",),
        "broken.json": (tmp_path / "broken.json",),
        "list.json": (tmp_path / "list.json",),
        "resnet-50": ("resnet-50",),
        "--key": ("mobinet-mid-k3", "--key", "abc"),
        "--backbone": (best, "--backbone", "mobilenet-8"),
        "--width": (best, "--width", 2),
        "mobilenet-7": ("mobinet-mid-k3", "--backbone", "mobilenet-7"),
        "nonsense": (best, "--device", "nonsense"),
        "imagenet": (unknown, "--key", key),
        "nothing": (best, "--dataset", "imagefolder", "--data-dir", tmp_path / "nothing"),
    }
    for word, flags in bad.items():
        assert word in one_line(invoke(search.retrain, *flags, "--epochs", 1))
    for flags in (("--epochs", 0), ("--dataset", "imagenet"), ("--seed", "x")):
        ended = invoke(search.retrain, best, *flags)
        assert ended.code == 2 and flags[0] in ended.err.splitlines()[-1]


def test_a_folder_that_cannot_be_made_is_refused(judged_copy, invoke, tmp_path):
    (tmp_path / "file").write_text("")
    assert "file" in one_line(
        invoke(search.retrain, judged_copy / "best.json", "--epochs", 1, "--out", tmp_path / "file")
    )


def test_a_training_that_diverges_is_one_line(invoke, tmp_path, monkeypatch):
    digits = replace(DATASETS["digits"], recipes={"full": Recipe(epochs=1, batch_size=64, learning_rate=1e38)})
    monkeypatch.setitem(DATASETS, "digits", digits)
    line = one_line(invoke(search.retrain, "mobinet-mid-k3", "--out", tmp_path))
    assert line.startswith("mobinas: training diverged: ") and line.endswith("; use another --seed and --out\n")


def test_memory_that_runs_out_is_one_line_that_says_what_to_do(invoke, tmp_path, monkeypatch):
    def without_room(self):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has\nmore")

    monkeypatch.setattr(Training, "run_epoch", without_room)
    line = one_line(invoke(search.retrain, "mobinet-mid-k3", "--out", tmp_path))
    said = (
        "out of memory on the GPU, which has no room for another 2.50 GiB; learn each batch in slices with --accumulate"
    )
    assert said in line


def test_killed_and_resumed_equals_uninterrupted(judged_copy, invoke, start, tmp_path):
    command = judged_copy / "best.json", "--epochs", 4
    assert invoke(search.retrain, *command, "--out", tmp_path / "whole").code == 0
    process = start("search.retrain", *command, "--out", tmp_path / "killed", cwd=tmp_path)
    assert any(line.startswith("epoch    2") for line in process.stdout)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    (killed,), (whole,) = (list((tmp_path / name).iterdir()) for name in ("killed", "whole"))
    assert not (killed / "summary.json").exists()
    ended = invoke(search.retrain, *command, "--out", tmp_path / "killed")
    assert ended.code == 0 and "epoch    2" not in ended.out and "epoch    4" in ended.out
    assert losses(killed) == losses(whole)
    assert tensors(killed) == tensors(whole)
    first, second = (read_json(folder / "summary.json") for folder in (killed, whole))
    assert first["test_top1"] == second["test_top1"]

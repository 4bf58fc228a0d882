"""Several retrainings at once: a front, several seeds; resumed, averaged, shown in the report."""

from argparse import Namespace
from pathlib import Path
from statistics import mean, stdev

import pytest
import torch
from PIL import Image
from torch import nn

import search.retrain
import search.retraining.retraining
from results.files import read_json
from search.lock import lock
from search.messages.retrained_events import RetrainingEvents
from search.recipe import Recipe
from search.retrain import assemble, parse
from search.retraining.retraining import Retraining
from search.several import retrain_several, retrainings_of
from search.target import find_targets
from search.training import ranks
from search.training.teacher_files import load_teacher
from space import Architecture, InputError


def one_line(ended) -> str:
    assert ended.code == 2 and ended.err.startswith("mobinas: ") and ended.err.count("\n") == 1
    return ended.err


def test_each_network_with_each_seed_in_a_folder_of_its_own():
    networks = [Architecture.uniform("mobilenet-8", block="mid", k=k).canonical() for k in (0, 1)]
    keys = [network.key for network in networks]
    recipe = Recipe(epochs=1, batch_size=64, learning_rate=0.01)
    first = Retraining(
        architecture=networks[0],
        dataset="digits",
        data_dir="data",
        recipe=recipe,
        seed=5,
        device="cpu",
        folder=Path("retrain", keys[0]),
    )
    found = [(each.folder.name, each.architecture.key, each.seed) for each in retrainings_of(first, networks, 2)]
    assert found == [(key, key, 5) for key in keys] + [(f"{key}-seed6", key, 6) for key in keys]


def test_several_processes_train_one_network(monkeypatch, tmp_path):
    network = Architecture.uniform("mobilenet-8")
    recipe = Recipe(epochs=1, batch_size=64, learning_rate=0.01)
    first = Retraining(
        architecture=network, dataset="digits", data_dir="", recipe=recipe, seed=0, device="cpu", folder=tmp_path
    )
    monkeypatch.setattr(ranks, "_ranks", 2)
    with pytest.raises(InputError, match="torchrun trains one network"):
        retrain_several(Namespace(backend="local"), first, [network], RetrainingEvents(None))


@pytest.mark.parametrize(
    "teacher, absolute",
    [
        ("nets/teacher.pt", "{here}/nets/teacher.pt"),
        ("torchvision:resnet18:weights.pth", "torchvision:resnet18:{here}/weights.pth"),
        (None, ""),
    ],
)
def test_other_machines_get_paths_that_do_not_depend_on_this_folder(tmp_path, monkeypatch, teacher, absolute):
    for index in range(12):
        path = tmp_path / "pictures" / ("train", "test")[index % 2] / "AB"[index % 4 // 2] / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(path)
    (tmp_path / "pictures" / "train" / "A" / "broken.png").write_text("no picture")
    monkeypatch.chdir(tmp_path)
    flags = "--dataset", "imagefolder", "--data-dir", "pictures", "--skip-broken", "--out", "out"
    given = ("--teacher", teacher) if teacher else ()
    args = parse(["mobinet-mid-k3", *flags, *given, "--seeds", "2", "--backend", "ray"])
    first = assemble(args, find_targets(args)[0])
    assert first.data_dir == f"{tmp_path}/pictures" and first.folder.parent == tmp_path / "out"
    assert first.leave_out == (f"{tmp_path}/pictures/train/A/broken.png",)
    assert first.teacher == absolute.format(here=tmp_path)
    assert len(first.images.train) + len(first.images.validation) == 6


def test_a_front_with_two_seeds(judged_copy, invoke):
    """The averages that are printed and shown are those of the files; a second command trains nothing."""
    front = judged_copy / "pareto.json"
    command = front, "--all", "--seeds", 2, "--epochs", 1, "--workers", 0
    ended = invoke(search.retrain, *command)
    assert (ended.code, ended.err) == (0, "")
    keys = [entry["key"] for entry in read_json(front)["front"]]
    report = (judged_copy / "report.html").read_text()
    for key in keys:
        both = [read_json(judged_copy / "retrain" / name / "summary.json") for name in (key, f"{key}-seed1")]
        assert [summary["seed"] for summary in both] == [0, 1]
        tests = [summary["test_top1"] for summary in both]
        assert f"{key}  test top-1 {mean(tests):.2%} ± {stdev(tests):.2%} (mean" in ended.out
        assert f"{mean(tests):.2%} ± {stdev(tests):.2%} (2 seeds)" in report
    assert f"these {len(keys)} networks" in ended.out and "Kendall" in ended.out
    written = {path: path.stat().st_mtime_ns for path in judged_copy.glob("retrain/*/last.pt")}
    assert len(written) == 2 * len(keys)
    assert invoke(search.retrain, *command).code == 0
    assert {path: path.stat().st_mtime_ns for path in written} == written


def test_one_that_fails_stops_no_other(judged_copy, invoke, forked):
    best, retrained = judged_copy / "best.json", judged_copy / "retrain"
    key = read_json(best)["key"]
    with lock(retrained / key):
        ended = invoke(search.retrain, best, "--seeds", 2, "--epochs", 2, "--workers", 1)
    assert "1 of 2 trainings failed" in one_line(ended)
    assert "another process is at work" in ended.out
    assert read_json(retrained / f"{key}-seed1" / "summary.json")["epochs"] == 2


def test_what_any_of_them_cannot_begin_with_is_said_before_the_first_begins(judged_copy, invoke, tmp_path):
    best = judged_copy / "best.json"
    (tmp_path / "teacher.pt").write_text("no archive")
    several = best, "--epochs", 1, "--out", tmp_path / "out"
    wrong = {
        "teacher.pt is not TorchScript": ("--seeds", 2, "--teacher", tmp_path / "teacher.pt"),
        "equal slices": ("--seeds", 2, "--accumulate", 3),
        "epochs 1 there and 2 here": ("--seeds", 2, "--epochs", 2),
    }
    assert invoke(search.retrain, *several, "--seed", 1).code == 0
    key = read_json(best)["key"]
    (tmp_path / "out" / key).rename(tmp_path / "out" / f"{key}-seed1")
    for word, flags in wrong.items():
        assert word in one_line(invoke(search.retrain, *several, *flags))
        assert [path.name for path in (tmp_path / "out").iterdir()] == [f"{key}-seed1"]
    (tmp_path / "out" / f"{key}-seed1" / "summary.json").write_text("{}")
    assert "summary.json was changed" in one_line(invoke(search.retrain, *several, "--seeds", 2))
    assert [path.name for path in (tmp_path / "out").iterdir()] == [f"{key}-seed1"]


def test_a_file_in_the_place_of_a_folder_is_said_before_the_first_begins(judged_copy, invoke, tmp_path):
    best = judged_copy / "best.json"
    place = tmp_path / "out" / f"{read_json(best)['key']}-seed1"
    place.parent.mkdir()
    place.write_text("")
    several = invoke(search.retrain, best, "--epochs", 1, "--out", place.parent, "--seeds", 2)
    assert f"{place} is a file; move it away" in one_line(several)
    assert list(place.parent.iterdir()) == [place]
    assert f"{place} is a file; move it away" in one_line(invoke(search.retrain, best, "--epochs", 1, "--out", place))


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_teacher_is_loaded_once_before_the_first_begins(judged_copy, invoke, tmp_path, monkeypatch):
    """And then by each that trains; by none that has ended."""
    loaded = []

    def load(*args):
        loaded.append(args)
        return load_teacher(*args)

    monkeypatch.setattr(search.retraining.retraining, "load_teacher", load)
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    torch.jit.save(torch.jit.trace(net, torch.zeros(2, 1, 8, 8)), tmp_path / "teacher.pt")
    command = judged_copy / "best.json", "--epochs", 1, "--teacher", tmp_path / "teacher.pt", "--workers", 0
    assert invoke(search.retrain, *command, "--seeds", 3).code == 0
    assert len(loaded) == 1 + 3


def test_another_machine_may_have_the_gpu_that_this_one_lacks(tmp_path):
    flags = "mobinet-mid-k3", "--seeds", "2", "--device", "cuda", "--out", str(tmp_path)
    args = parse([*flags, "--backend", "ray"])
    assert assemble(args, find_targets(args)[0]).device == "cuda"
    if not torch.cuda.is_available():
        args = parse([*flags])
        with pytest.raises(InputError, match="--device cuda cannot be used here"):
            assemble(args, find_targets(args)[0])


def test_settings_of_a_teacher_without_one_are_noted(judged_copy, invoke, tmp_path):
    (tmp_path / "maps.toml").write_text("teacher_maps = 1")
    command = judged_copy / "best.json", "--epochs", 1, "--recipe", tmp_path / "maps.toml"
    for several in ((), ("--seeds", 2, "--workers", 0)):
        ended = invoke(search.retrain, *command, *several)
        assert ended.code == 0 and "teacher_maps do nothing without --teacher" in ended.out


@pytest.mark.parametrize(
    "network, flags, words",
    [
        ("best.json", ("--workers", 2), "--workers goes with --all or --seeds"),
        ("best.json", ("--backend", "ray"), "--backend goes with --all or --seeds"),
        ("best.json", ("--seeds", 2, "--address", "auto"), "--address goes with --backend ray"),
        ("pareto.json", ("--all", "--key", "abc"), "--all goes with a pareto.json"),
        ("mobinet-mid-k3", ("--all",), "--all goes with a pareto.json"),
        ("best.json", ("--all",), "--all trains a whole front; name "),
    ],
)
def test_flags_that_do_not_go_together(judged, invoke, network, flags, words):
    named = judged / network if network.endswith(".json") else network
    assert words in one_line(invoke(search.retrain, named, *flags))

"""The search command, end to end."""

import json
import os
import re
import signal
import sqlite3
import sys
import time
import weakref
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import optuna
import pandas as pd
import pytest
import sqlalchemy
from fakes import made_up
from PIL import Image

import results.report
import search.draft
import search.pace
import search.retrain
import search.run
from results.tables import COLUMNS
from search.backends import BACKENDS
from search.backends.local import LOCAL, InProcess
from search.data.catalog import DATASETS
from search.data.dataset import load_dataset
from search.evaluators.proxy import Proxy
from search.lock import lock
from search.recipe import Recipe

SHORT = ("--epochs", 1, "--workers", 0)
SMALL = 'block = ["pre", "mid"]\nk = [0, 1]\npool = ["avg"]\n'


@pytest.fixture
def small(tmp_path):
    """Flags of a short search of a small space, in a folder of its own."""
    (tmp_path / "small.toml").write_text(SMALL)
    return "--space", tmp_path / "small.toml", "--out", tmp_path / "run"


def table_of(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "trials.csv", dtype={"key": str})


def completed(folder: Path) -> dict[int, float]:
    """Number and accuracy of each complete trial, read while a search may be writing."""
    try:
        connection = sqlite3.connect(f"file:{folder / 'study.db'}?mode=ro", uri=True)
        return dict(
            connection.execute(
                "select number, value from trials join trial_values using (trial_id)"
                " where state = 'COMPLETE' and objective = 0"
            )
        )
    except sqlite3.OperationalError:
        return {}


def wait_for(condition, seconds: float = 120):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "timed out"
        time.sleep(0.05)
    return found


def alive(group: int) -> list[str]:
    """Processes of a group that have not ended."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, pgrp = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(pgrp) == group and state != "Z":
            found.append(stat.parent.name)
    return found


@contextmanager
def listening(*event):
    sqlalchemy.event.listen(*event)
    yield
    sqlalchemy.event.remove(*event)


def one_line(ended) -> str:
    """The one line that an input error leaves."""
    assert ended.code == 2
    assert ended.err.startswith("mobinas: ") and ended.err.count("\n") == 1
    return ended.err


def test_a_search_leaves_its_files(finished):
    folder, ended = finished
    assert ended.code == 0 and "Traceback" not in ended.err
    assert {path.name for path in folder.iterdir()} == {
        *("config.json", "study.db", "trials.csv", "pareto.csv", "pareto.json", "best.json", "report.html"),
        *("SHA256SUMS", "shares.json", ".lock"),
    }
    assert [path.name for path in folder.parent.iterdir()] == ["run"]


def test_a_search_says_where_it_computes(finished):
    assert "\ntrainings run on cpu: float32, fused kernels, 2 side by side, 1 thread each\n" in finished[1].out
    assert table_of(finished[0])["device"].eq("cpu float32").all()


def test_trials_of_a_search(finished):
    folder, ended = finished
    table, config = table_of(folder), json.loads((folder / "config.json").read_text())
    assert table.columns.tolist() == [*COLUMNS, "balanced_accuracy", "macro_f1", "top5", "device", *config["genes"]]
    assert (table["top5"] > table["accuracy"]).all() and (table["macro_f1"] > 0).all()
    assert table["number"].tolist() == list(range(17)) and table["key"].is_unique
    assert table["state"].eq("complete").all() and table["epochs"].eq(1).all()
    assert table["source"].tolist() == ["baseline"] * 15 + ["sampler"] * 2
    hits = table["accuracy"] * config["validation_images"]
    assert (hits - hits.round()).abs().max() < 1e-3
    assert not {character for character in ended.out + ended.err if not character.isprintable()} - {"\n"}
    lines = [line for line in ended.out.splitlines() if re.match(r" *\d+ .*%", line)]
    assert max(map(len, lines)) <= 100
    assert sorted(int(line.split()[0]) for line in lines) == list(range(17))
    best = json.loads((folder / "pareto.json").read_text())
    assert best["noise"]["pairs"] == 1 and 0 <= best["noise"]["std"] < 0.5
    assert f"  {best['hypervolume']:.4f}  " in lines[-1]
    chosen = json.loads((folder / "best.json").read_text())
    *_, front, _, named, command = ended.out.splitlines()
    found = f"{len(best['front'])} networks, hypervolume {best['hypervolume']:.4f};"
    assert front.startswith(f"front by accuracy: {found}")
    assert named.startswith(f"best.json: {chosen['key']}, accuracy {chosen['expected']:.1%} at ")
    assert command == "    mobinas retrain run/best.json"


def test_settings_of_a_search_are_written_down(finished):
    config = json.loads((finished[0] / "config.json").read_text())
    expected = {
        **dict(
            schema=1,
            evaluator="proxy",
            dataset="digits",
            seed=0,
            device="cpu",
            sampler="front",
            max_ops=None,
            family="mobinet",
        ),
        **dict(backbone="mobilenet-8", width=1.0, num_classes=10, train_images=898, validation_images=599),
    }
    assert {name: config[name] for name in expected} == expected
    assert config["recipe"]["epochs"] == 1
    assert set(config["versions"]) >= {"python", "torch", "optuna"} and len(config["fingerprint"]) == 16
    assert config["reference"]["accuracy"] == 0.1
    assert config["reference"]["ops"] >= table_of(finished[0])["ops"].max()


def test_study_opens_in_optuna(finished):
    study = optuna.load_study(study_name=None, storage=f"sqlite:///{finished[0] / 'study.db'}")
    assert [trial.values for trial in study.trials] == table_of(finished[0])[["accuracy", "ops"]].to_numpy().tolist()


def test_the_same_command_again_does_nothing_new(run_copy, invoke, monkeypatch):
    monkeypatch.setattr(Proxy, "__call__", lambda *_, **__: pytest.fail("trained again"))
    names = ("trials.csv", "pareto.csv", "pareto.json", "best.json", "config.json")
    before = [(run_copy / name).read_bytes() for name in names]
    assert invoke(search.run, "--trials", 17, *SHORT, "--out", run_copy).code == 0
    assert [(run_copy / name).read_bytes() for name in names] == before


def test_more_trials_go_on_where_it_stopped(run_copy, invoke):
    before = table_of(run_copy)
    assert invoke(search.run, "--trials", 19, *SHORT, "--out", run_copy).code == 0
    after = table_of(run_copy)
    assert after[:17].equals(before)
    assert after["number"].tolist() == list(range(19)) and after["key"].is_unique
    assert "19 complete" in (run_copy / "report.html").read_text()


@pytest.mark.parametrize(
    "flags, named",
    [
        (("--seed", 1), "seed 0 there and 1 here"),
        (("--sampler", "random"), "sampler"),
        (("--epochs", 2), "--epochs"),
        (("--max-ops", 5e3), "--max-ops not given there and 5000 here"),
        (("--evaluator", "supernet", "--sampler", "tpe"), "evaluator"),
    ],
)
def test_other_settings_are_refused(run_copy, invoke, flags, named):
    before = (run_copy / "trials.csv").read_bytes()
    line = one_line(invoke(search.run, "--trials", 18, *SHORT, "--out", run_copy, *flags))
    assert named in line and "other settings" in line
    assert (run_copy / "trials.csv").read_bytes() == before


def test_a_one_shot_search_trains_one_supernet(small, tmp_path, invoke):
    flags = *SHORT, *small, "--evaluator", "supernet", "--paths", "sandwich", "--sampler", "random"
    assert invoke(search.run, "--trials", 12, *flags).code == 0
    supernet = tmp_path / "run" / "supernet" / "last.pt"
    before, trained = table_of(tmp_path / "run"), supernet.read_bytes()
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert (config["evaluator"], config["paths"], config["sampler"]) == ("supernet", "sandwich", "random")
    assert before["state"].eq("complete").all() and before["epochs"].eq(0).all()
    assert json.loads((tmp_path / "run" / "pareto.json").read_text())["noise"] is None
    assert invoke(search.run, "--trials", 14, *flags).code == 0
    assert table_of(tmp_path / "run")[:12].equals(before) and supernet.read_bytes() == trained
    assert "paths sandwich there and uniform here" in one_line(
        invoke(search.run, "--trials", 14, *flags, "--paths", "uniform")
    )


def test_a_supernet_that_diverges_is_one_line(small, invoke, monkeypatch):
    digits = replace(DATASETS["digits"], recipes={"supernet": Recipe(epochs=1, batch_size=64, learning_rate=1e38)})
    monkeypatch.setitem(DATASETS, "digits", digits)
    ended = invoke(search.run, "--trials", 1, "--workers", 0, *small, "--evaluator", "supernet")
    assert ended.code == 2
    line = ended.err.splitlines()[-1]
    assert line.startswith("mobinas: the supernet diverged: ") and line.endswith("; use another --seed and --out")


def test_tables_and_report_are_made_anew_while_a_search_runs(tmp_path, invoke, monkeypatch):
    found = []

    def look(self, task):
        run = tmp_path / "run"
        found.append((run / "report.html").exists() and len(pd.read_csv(run / "trials.csv")))
        return made_up(self, task)

    monkeypatch.setattr(Proxy, "__call__", look)
    monkeypatch.setattr("search.outputs.REFRESH_SECONDS", 0)
    monkeypatch.setattr("search.outputs.WRITES", 0)
    assert invoke(search.run, "--trials", 5, "--workers", 0, "--out", tmp_path / "run").code == 0
    assert found == [False, 1, 2, 3, 4]


def test_a_search_can_be_watched_as_long_as_it_runs(tmp_path, invoke, monkeypatch):
    """The page is asked for in each trial, and the address is gone at the end."""
    seen = []

    def looked_at(self, task):
        address = re.search(r"http://127\.0\.0\.1:\d+/", sys.stdout.getvalue())[0]
        with urlopen(address) as page:
            seen.append((address, page.read()))
        return made_up(self, task)

    monkeypatch.setattr(Proxy, "__call__", looked_at)
    monkeypatch.setattr("search.outputs.REFRESH_SECONDS", 0)
    monkeypatch.setattr("search.outputs.WRITES", 0)
    monkeypatch.setattr("results.watch.PATIENCE", 0)
    ended = invoke(search.run, "--trials", 3, "--workers", 0, "--out", tmp_path / "run", "--watch")
    assert ended.code == 0 and len(seen) == 3
    assert b"No results yet" in seen[0][1] and b"trials: 2 complete" in seen[2][1]
    with pytest.raises(URLError):
        urlopen(seen[0][0])


@pytest.mark.parametrize("workers, kept", [(0, True), (1, False)])
def test_a_driver_keeps_no_images_that_it_does_not_train_on(
    small, tmp_path, invoke, instant, monkeypatch, workers, kept
):
    load, loaded, found = Proxy.images, [], []

    def images(self, input_shape):
        loaded.append(weakref.ref(load(self, input_shape)))
        return loaded[-1]()

    class Looks(InProcess):
        in_process = workers == 0

        def submit(self, task):
            found.append(loaded[-1]() is not None)
            super().submit(task)

    monkeypatch.setattr(Proxy, "images", images)
    monkeypatch.setitem(BACKENDS, "local", replace(LOCAL, make=lambda evaluator, *_: Looks(evaluator)))
    flags = "--trials", 1, "--epochs", 1, "--workers", workers, "--data-dir", tmp_path
    assert invoke(search.run, *flags, *small).code == 0
    assert found == [kept]


def test_a_small_space_ends_early_and_says_so(tmp_path, invoke, instant):
    (tmp_path / "two.toml").write_text('block = "mid"\nk = 0\npool = "avg"\n[layer0]\nk = [0, 1]\n')
    flags = "--space", tmp_path / "two.toml", "--out", tmp_path / "run"
    for _ in range(2):
        ended = invoke(search.run, "--trials", 5, *SHORT, *flags)
        assert ended.code == 0 and "ended at 2 trials" in ended.out
        assert len(table_of(tmp_path / "run")) == 2


def test_nothing_above_the_budget_is_trained(small, invoke, instant):
    ended = invoke(search.run, "--trials", 12, "--max-ops", 4200, *SHORT, *small)
    table = table_of(small[-1])
    assert ended.code == 0 and len(table) == 12
    assert table["ops"].max() <= 4200
    best = json.loads((small[-1] / "best.json").read_text())
    assert best["accuracy"] == table["accuracy"].max() and "--max-ops 4200" in best["rule"]


def test_images_of_any_size(tmp_path, invoke, instant):
    flags = "--trials", 3, *SHORT, "--out", tmp_path / "run", "--width", 0.125
    assert invoke(search.run, *flags, "--image-size", 12, "--channels", 1).code == 0
    best = json.loads((tmp_path / "run" / "best.json").read_text())
    assert best["architecture"]["backbone"] == "mobilenet-12-grey"
    assert invoke(search.run, *flags, "--trials", 4).code == 0  # resumed
    assert "mobilenet-13-grey here" in one_line(invoke(search.run, *flags, "--image-size", 13))


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (("--image-size", 20, "--backbone", "mobilenet-8"), "leave out --image-size"),
        (("--image-size", 7), "no backbone for 1x7x7 images"),
        (("--image-size", 20, "--space", "alexnet"), "no backbone for 1x20x20 images"),
        (("--backbone", "mobilenet-4000"), "mobilenet-SIZE"),
        (("--channels", 2), "--channels"),
    ],
)
def test_a_size_that_does_not_fit(tmp_path, invoke, flags, complaint):
    ended = invoke(search.run, "--trials", 1, *SHORT, "--out", tmp_path / "run", *flags)
    assert ended.code == 2 and complaint in ended.err and len(ended.err.splitlines()) == 1


def test_bad_settings_are_one_line_and_exit_code_2(tmp_path, invoke, small):
    (tmp_path / "file").write_text("")
    (tmp_path / "bad.toml").write_text("k = [")
    (tmp_path / "gene.toml").write_text("kk = [1]")
    (tmp_path / "choice.toml").write_text("k = [99]")
    (tmp_path / "none.toml").write_text("k = []")
    bad = {
        "nonsense": ("--device", "nonsense"),
        "cuda:99": ("--device", "cuda:99"),
        "mobilenet-7": ("--backbone", "mobilenet-7", "--space", "mobinet"),
        "width": ("--width", 0.01),
        "raise --max-ops": ("--max-ops", 10),
        "nowhere.toml": ("--space", tmp_path / "nowhere.toml"),
        "alexnet": ("--space", "alexnet"),
        "bad.toml": ("--space", tmp_path / "bad.toml"),
        "kk": ("--space", tmp_path / "gene.toml"),
        "99": ("--space", tmp_path / "choice.toml"),
        "no supernet of meliusnet": ("--space", "meliusnet", "--evaluator", "supernet"),
        "no choices": ("--space", tmp_path / "none.toml"),
        "nothing": ("--dataset", "imagefolder", "--data-dir", tmp_path / "nothing", "--backbone", "mobilenet-8"),
    }
    for word, flags in bad.items():
        assert word in one_line(invoke(search.run, "--trials", 1, *SHORT, *small, *flags))


@pytest.mark.parametrize(
    "flags",
    [("--trials", -5), ("--trials", 0), ("--trials", "many"), ("--epochs", 0), ("--max-ops", "nan"), ("--width", -1),
     ("--sampler", "magic"), ("--evaluator", "oracle"), ("--paths", "uniform"),
     ("--dataset", "imagenet"), ("--seed", "x"), ("--seed", 2**49 + 1), ("--seed", -(2**49) - 1),
     ("--workers", "two"), ("--watch", "--quiet"), ("--unknown",)],
)  # fmt: skip
def test_bad_usage_is_exit_code_2(invoke, tmp_path, flags):
    ended = invoke(search.run, "--out", tmp_path / "run", *flags)
    assert ended.code == 2 and ended.out == ""
    (line,) = ended.err.splitlines()
    assert line.startswith("mobinas: ") and flags[0] in line
    assert not (tmp_path / "run").exists()


def test_negative_workers_are_refused(small, invoke, instant):
    ended = invoke(search.run, "--trials", 1, "--epochs", 1, *small, "--workers", -1)
    assert ended.code == 2 and "--workers" in ended.err.splitlines()[-1]


def test_a_folder_that_cannot_be_made_is_refused(small, tmp_path, invoke, instant):
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "run"):
        assert "file" in one_line(invoke(search.run, "--trials", 1, *SHORT, *small, "--out", out))


def test_a_picture_that_cannot_be_decoded_is_named(small, tmp_path, invoke, instant):
    for index in range(10):
        path = tmp_path / "pictures" / "ab"[index % 2] / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"not a picture")
    flags = "--dataset", "imagefolder", "--data-dir", tmp_path / "pictures", "--backbone", "mobilenet-8"
    assert ".png" in one_line(invoke(search.run, "--trials", 1, *SHORT, *small, *flags))


def test_a_run_that_is_under_way_is_refused(small, invoke, instant):
    held = lock(small[-1])
    assert "another process" in one_line(invoke(search.run, "--trials", 1, *SHORT, *small))
    held.close()


def test_damaged_files_of_a_run_are_refused(run_copy, invoke, instant):
    (run_copy / "config.json").write_text("{")
    assert "config.json" in one_line(invoke(search.run, "--trials", 18, *SHORT, "--out", run_copy))
    (run_copy / "study.db").write_bytes(b"no database" * 100)
    assert "study.db" in one_line(invoke(search.run, "--trials", 18, *SHORT, "--out", run_copy))


def test_when_all_trials_fail_the_reason_is_said(small, invoke, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("nothing works")

    monkeypatch.setattr(Proxy, "__call__", fail)
    ended = invoke(search.run, "--trials", 20, *SHORT, *small)
    assert ended.code == 2
    assert ended.err.splitlines()[-1].startswith("mobinas: the first trials all failed")
    assert "RuntimeError: nothing works" in ended.err.splitlines()[-1]
    assert table_of(small[-1])["state"].tolist() == ["failed"] * 5


@pytest.mark.parametrize("name", ["a%20b", "what? #1", "ünï 层"])
def test_a_path_may_have_any_name_and_begin_with_home(small, tmp_path, invoke, instant, monkeypatch, name):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).mkdir()
    space = (tmp_path / "small.toml").rename(tmp_path / name / "small.toml")
    flags = f"--out=~/{name}/run", f"--space=~/{name}/small.toml"
    assert invoke(search.run, "--trials", 5, *SHORT, *flags).code == 0
    assert len(table_of(space.parent / "run")) == 5 and (space.parent / "run" / "report.html").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]
    assert invoke(results.report, f"~/{name}/run").code == 0
    assert invoke(search.retrain, f"~/{name}/run/best.json", "--epochs", 1, f"--out=~/{name}/full").code == 0
    assert len([*(space.parent / "full").iterdir()]) == 1


@pytest.fixture
def slow(monkeypatch):
    """A machine that learns an image in so many seconds, by backbone or width."""

    def machine(seconds):
        def measured(network, *_, **__):
            return seconds[network.backbone if network.backbone in seconds else network.width]

        monkeypatch.setattr(search.draft, "seconds_per_image", measured)

    return machine


def settings_of(folder: Path) -> tuple[float, int | None, int]:
    config = json.loads((folder / "config.json").read_text())
    return config["width"], config.get("proxy_images"), config["train_images"]


@pytest.mark.parametrize(
    "seconds, found, said",
    [
        ({1.0: 1e-4}, (1.0, None, 898), ""),
        ({1.0: 9.0, 0.5: 1e-4}, (0.5, None, 898), "uses --width 0.5; give these flags"),
        ({1.0: 9.0, 0.5: 8.0, 0.25: 7.0}, (0.25, None, 898), "uses --width 0.25; give these flags"),
    ],
)
def test_a_narrower_network_where_trainings_take_long(tmp_path, invoke, instant, slow, seconds, found, said):
    slow(seconds)
    flags = "--trials", 20, "--workers", 0, "--out", tmp_path / "run"
    ended = invoke(search.run, *flags)
    assert ended.code == 0 and settings_of(tmp_path / "run") == found
    assert ("to save time, this search uses " in ended.out) == bool(said) and said in ended.out
    assert ("--time-budget" in ended.out) == (seconds.get(0.25) == 7.0)
    slow({1.0: 1e-4, 0.5: 1e-4, 0.25: 1e-4})  # the run's own width stays
    assert invoke(search.run, *flags).code == 0 and settings_of(tmp_path / "run") == found


def test_a_backbone_for_smaller_images_where_trainings_take_long(tmp_path, invoke, instant, slow):
    for number in range(60):
        path = tmp_path / "pictures" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 40), (number, 0, 0)).save(path)
    data = "--dataset", "imagefolder", "--data-dir", tmp_path / "pictures", "--out", tmp_path / "run"
    flags = "--trials", 2, "--workers", 0, *data
    slow({"mobilenet-224": 90.0, 1.0: 90.0, 0.5: 1e-4})
    ended = invoke(search.run, *flags)
    assert ended.code == 0
    assert "uses --backbone mobilenet-32 --width 0.5; give these flags" in ended.out
    assert "mobinet on mobilenet-32 at width 0.5, images of 32 x 32" in ended.out
    slow({"mobilenet-224": 1e-4, 0.5: 1e-4})
    assert invoke(search.run, *flags).code == 0
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert (config["backbone"], config["width"]) == ("mobilenet-32", 0.5)


def test_fewer_images_where_trainings_take_long(tmp_path, invoke, instant, slow, monkeypatch):
    monkeypatch.setattr(search.pace, "SIZES", (500, 200, 100))
    slow({1.0: 3600 / (20 * 12 * 300)})
    flags = "--trials", 20, "--workers", 0, "--backbone", "mobilenet-8", "--out", tmp_path / "run"
    monkeypatch.setattr(search.pace, "PASS_SHARE", 0)
    ended = invoke(search.run, *flags)
    assert settings_of(tmp_path / "run") == (1.0, 200, 200)
    assert "uses --proxy-images 200; give these flags" in ended.out and "40 min for 20" in ended.out
    slow({1.0: 1e-4})
    assert invoke(search.run, *flags).code == 0 and settings_of(tmp_path / "run") == (1.0, 200, 200)
    refused = one_line(invoke(search.run, *flags, "--proxy-images", 300))
    assert "--proxy-images 200 there and 300 here" in refused


def test_pictures_that_change_while_a_search_runs_fail_its_trials(tmp_path, invoke, monkeypatch):
    pictures = tmp_path / "pictures"

    def save(*numbers):
        for number in numbers:
            path = pictures / "ab"[number % 2] / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (8, 8), number).save(path)

    def changed(self, task):
        if task.number == 2:
            save(90, 91)
            load_dataset.cache_clear()  # as in a worker that takes the place of another
        return trained(self, task)

    save(*range(40))
    trained = Proxy.__call__
    monkeypatch.setattr(Proxy, "__call__", changed)
    flags = "--dataset", "imagefolder", "--data-dir", pictures, "--backbone", "mobilenet-8", "--out", tmp_path / "run"
    assert invoke(search.run, *flags, *SHORT, "--trials", 4).code == 0
    table = table_of(tmp_path / "run")
    assert table["state"].tolist() == ["complete", "complete", "failed", "failed"]
    assert table["reason"][2:].str.contains("changed since the search began").all()


def test_trials_without_their_settings_are_refused(judged_copy, invoke, instant):
    (judged_copy / "config.json").unlink()
    assert "lacks config.json" in one_line(invoke(search.run, "--trials", 18, *SHORT, "--out", judged_copy))


def test_a_time_budget_ends_a_search_in_order(small, invoke, monkeypatch):
    def slowly(self, task):
        time.sleep(0.3)
        return made_up(self, task)

    monkeypatch.setattr(Proxy, "__call__", slowly)
    ended = invoke(search.run, "--trials", 40, *SHORT, *small, "--time-budget", "1s")
    table = table_of(small[-1])
    assert ended.code == 0 and 2 <= len(table) <= 5 and table["state"].eq("complete").all()
    assert f"--time-budget ended the search at {len(table)} of 40 trials" in ended.out
    assert (small[-1] / "report.html").exists()


def test_a_second_search_in_one_process(small, invoke, instant, monkeypatch):
    monkeypatch.setattr("gc.collect", lambda: None)
    for trials in (3, 5):
        assert invoke(search.run, "--trials", trials, *SHORT, *small).code == 0


def test_a_search_that_has_all_its_trials_times_no_training(small, invoke, instant):
    for trials, times in ((3, True), (3, False), (4, True)):
        ended = invoke(search.run, "--trials", trials, *SHORT, *small)
        assert ended.code == 0 and ("timing a training" in ended.out) == times


def test_a_hopeless_search_tries_its_networks_again(small, invoke, instant, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("nothing works")

    with monkeypatch.context() as patch:
        patch.setattr(Proxy, "__call__", fail)
        assert invoke(search.run, "--trials", 6, *SHORT, *small).code == 2
    hopeless = table_of(small[-1])["key"].tolist()
    again = invoke(search.run, "--trials", 6, *SHORT, *small)
    assert again.code == 0 and "\n0 of 6 trials so far" in again.out
    assert "\n6 of 6 trials so far" in invoke(search.run, "--trials", 6, *SHORT, *small).out
    table = table_of(small[-1])
    complete = table[table["state"] == "complete"]
    assert complete["key"].tolist()[:5] == hopeless and len(complete) == 6 and complete["key"].is_unique


def test_failed_trials_are_tried_again_where_asked(small, invoke, instant, monkeypatch):
    def fail(self, task):
        if task.number in (1, 3):
            raise RuntimeError("no memory")
        return made_up(self, task)

    with monkeypatch.context() as patch:
        patch.setattr(Proxy, "__call__", fail)
        assert invoke(search.run, "--trials", 6, *SHORT, *small).code == 0
    failed = table_of(small[-1]).query("state == 'failed'")["key"].tolist()
    for flags, complete in (((), 4), (("--retry-failed",), 6), (("--retry-failed",), 6)):
        assert invoke(search.run, "--trials", 6, *SHORT, *small, *flags).code == 0
        table = table_of(small[-1])
        assert (table["state"] == "complete").sum() == complete
        assert (table["state"] == "failed").sum() == 2
    assert table["key"].tolist()[6:] == failed


def test_one_trial_that_fails_leaves_its_reason(small, invoke, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("nothing works")

    monkeypatch.setattr(Proxy, "__call__", fail)
    ended = invoke(search.run, "--trials", 1, *SHORT, *small)
    assert "pareto.json" not in ended.err
    assert table_of(small[-1])["reason"].tolist() == ["RuntimeError: nothing works"]


def test_ctrl_c_before_the_first_trial_has_ended(small, invoke, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(Proxy, "__call__", stop)
    ended = invoke(search.run, "--trials", 5, *SHORT, *small)
    assert ended.code == 130
    assert ended.err.splitlines()[-1].startswith("mobinas: stopped")


class Mortal:
    """Interrupts as it goes, where Python drops what is raised: a fate that befalls SQLAlchemy's many finalizers."""

    def __del__(self):
        interrupt()


def interrupt():
    signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize(
    "statement, count, interrupt",
    [
        ("INSERT INTO trials", 4, interrupt),
        ("INSERT OR REPLACE INTO trial_params", 5, interrupt),
        ("INSERT OR REPLACE INTO trial_values", 3, interrupt),
        ("INSERT OR REPLACE INTO trial_params", 5, Mortal),
    ],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_ctrl_c_while_the_study_is_written(small, invoke, instant, statement, count, interrupt):
    seen = []

    def executed(connection, cursor, text, *_):
        if text.startswith(statement):
            seen.append(text)
            if len(seen) == count:
                interrupt()

    with listening(sqlalchemy.Engine, "after_cursor_execute", executed):
        ended = invoke(search.run, "--trials", 20, *SHORT, *small)
    assert len(seen) >= count
    assert ended.code == 130 and len(table_of(small[-1])) < 20
    assert "Traceback" not in ended.err and ended.err.splitlines()[-1].startswith("mobinas: stopped")
    assert invoke(search.run, "--trials", 9, *SHORT, *small).code == 0
    table = table_of(small[-1])
    assert table["state"].tolist() == ["complete"] * 9 and table["key"].is_unique


@pytest.mark.parametrize("number, times", [(signal.SIGINT, 1), (signal.SIGTERM, 2)])
def test_a_signal_ends_it_cleanly_with_its_outputs(small, start, tmp_path, number, times):
    """As a terminal, a batch system or `timeout` sends it: to all processes, perhaps twice."""
    process = start("search.run", "--trials", 300, "--epochs", 4, "--workers", 1, *small, cwd=tmp_path, cores=1)
    wait_for(lambda: len(completed(small[-1])) >= 1)
    time.sleep(0.5)  # the worker is at work again
    for _ in range(times):
        os.killpg(process.pid, number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert "Traceback" not in err and err.splitlines()[-1] == "mobinas: stopped; to resume, run the same command again"
    table = table_of(small[-1])
    kept = table[table["state"] == "complete"]
    assert f"\n{len(kept)} of 300 trials so far; the tables and the report are in" in out
    assert dict(zip(kept["number"], kept["accuracy"])) == completed(small[-1])
    assert 1 <= len(kept) <= len(table) <= len(kept) + 1
    assert all((small[-1] / name).exists() for name in ("pareto.csv", "best.json", "report.html"))
    wait_for(lambda: not alive(process.pid), 20)


def test_kill_loses_nothing_but_the_trial_under_way(small, start, invoke, tmp_path):
    command = "--trials", 8, "--epochs", 2, *small
    process = start("search.run", *command, "--workers", 1, cwd=tmp_path, cores=1)
    wait_for(lambda: len(completed(small[-1])) >= 3)
    process.kill()
    process.wait()
    before = completed(small[-1])
    wait_for(lambda: not alive(process.pid), 30)  # workers must not outlive their driver
    assert invoke(search.run, *command, "--workers", 0).code == 0
    table = table_of(small[-1])
    assert table["state"].tolist() == ["complete"] * 8 and table["key"].is_unique
    accuracy = dict(zip(table["number"], table["accuracy"]))
    assert 3 <= len(before) < 8
    assert {number: accuracy[number] for number in before} == before


def test_halving_is_a_setting_of_the_run(tmp_path, invoke):
    flags = ("--trials", 4, "--epochs", 3, "--workers", 0, "--out", tmp_path / "run")
    assert invoke(search.run, *flags, "--fidelity", "halving").code == 0
    table = table_of(tmp_path / "run")
    assert table.loc[table["state"] == "complete", "epochs"].eq(3).all() and len(table) == 4
    told = sqlite3.connect(tmp_path / "run" / "study.db").execute(
        "select value_json from trial_user_attributes where key = 'evaluation'"
    )
    climbed = [json.loads(text)["rungs"] for (text,) in told]
    assert [max(map(int, rungs)) for rungs in climbed] == table["epochs"].tolist()
    assert "fidelity halving there and full here" in one_line(invoke(search.run, *flags))


def test_a_supernet_has_no_fidelity(invoke):
    ended = invoke(search.run, "--evaluator", "supernet", "--fidelity", "halving")
    assert ended.code == 2 and "--fidelity goes with --evaluator proxy" in ended.err

"""Retraining: resumed without a trace, tested once, written at 1 bit."""

import json
import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import search.retraining.retraining
from mobinet import cost, load_packed
from mobinet.export.examples import read_examples
from mobinet.export.packed import read_packed
from results.files import read_json
from results.measures import Counts
from search.data.dataset import load_dataset, load_test
from search.recipe import Recipe
from search.retraining.begun import TEACHER
from search.retraining.retraining import Retraining
from search.training.training import NonFiniteLoss
from space import Architecture, InputError

RECIPE = {"epochs": 3, "batch_size": 300, "learning_rate": 0.03}
NETWORK = Architecture.uniform("mobilenet-8", block="mid", k=1).canonical()


def retraining(folder: Path, **changes) -> Retraining:
    settings = {
        "architecture": NETWORK,
        "dataset": "digits",
        "data_dir": "data",
        "recipe": Recipe(**RECIPE),
        "seed": 0,
        "device": "cpu",
        "folder": folder,
    }
    return Retraining(**{**settings, **changes})


def quiet(row):
    pass


def stop_after(epoch: int):
    def told(row):
        if row["epoch"] == epoch:
            raise KeyboardInterrupt

    return told


def losses(folder: Path) -> list:
    return pd.read_csv(folder / "metrics.csv").drop(columns="seconds").to_numpy().tolist()


def tensors(folder: Path) -> bytes:
    """What a safetensors file holds behind its header, whose entries have no fixed order."""
    content = (folder / "model.safetensors").read_bytes()
    return content[8 + int.from_bytes(content[:8], "little") :]


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    rows = []
    return folder, retraining(folder).run(rows.append), rows


def test_leaves_its_files(done):
    folder, summary, rows = done
    assert {path.name for path in folder.iterdir()} == {
        *("metrics.csv", "last.pt", "best.pt", "model.safetensors", "examples.safetensors", "summary.json"),
        *("SHA256SUMS", ".lock"),
    }
    assert read_json(folder / "summary.json") == summary
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    names = "epoch", "loss", "validation_top1", "validation_balanced_accuracy", "validation_macro_f1"
    assert losses(folder) == [[row[name] for name in names] for row in rows]
    assert summary["validation_top1"] == max(row["validation_top1"] for row in rows)
    assert (summary["key"], summary["epochs"], summary["seed"]) == (NETWORK.key, 3, 0)


def test_tested_is_the_network_in_the_file_on_images_it_never_saw(done):
    folder, summary, _ = done
    net, header = read_packed(folder / "model.safetensors")
    images = load_dataset("digits", data_dir="data", input_shape=(1, 8, 8), validation=0.1)
    test = load_test("digits", data_dir="data", dataset=images)
    top1 = top5 = 0
    with torch.no_grad():
        for image, label in test.batches(1, device=torch.device("cpu")):
            outputs = net(image)[0].tolist()
            rank = sum(output > outputs[label.item()] for output in outputs)
            top1, top5 = top1 + (rank < 1), top5 + (rank < 5)
    assert (summary["test_top1"], summary["test_top5"]) == pytest.approx((top1 / 300, top5 / 300))
    assert summary["test_images"] == 300
    assert Architecture.from_json(header["architecture"]) == NETWORK


def test_test_images_lie_beside_the_network(done):
    folder, summary, _ = done
    examples = read_examples(folder / "examples.safetensors", load_packed(folder).network)
    images = load_dataset("digits", data_dir="data", input_shape=(1, 8, 8), validation=0.1)
    test = load_test("digits", data_dir="data", dataset=images)
    pairs = zip(test.pixels.permute(0, 2, 3, 1).numpy(), test.labels.tolist())
    kept = zip(examples.images, examples.labels.tolist())
    assert sorted((label, image.tobytes()) for image, label in kept) == sorted(
        (label, image.tobytes()) for image, label in pairs
    )
    right = load_packed(folder).by_torch(examples.images).argmax(1) == examples.labels
    assert right.mean() == pytest.approx(summary["test_top1"])


def test_file_is_as_large_as_the_cost_promised_plus_the_header(done):
    folder, summary, _ = done
    assert len(tensors(folder)) == cost(NETWORK, 10).bytes == summary["cost"]["bytes"]
    assert (folder / "model.safetensors").stat().st_size == summary["file_bytes"]


@pytest.mark.parametrize("metric, kept", [("accuracy", 1), ("balanced-accuracy", 2), ("macro-f1", 2)])
def test_the_measure_chooses_the_epoch(tmp_path, monkeypatch, metric, kept):
    """18 images of one class, 2 of another: the first epoch takes all for the first, the second 5 for the rare one."""
    right, predicted = [[18, 0], [15, 2], [0, 2]], [[20, 0], [15, 5], [0, 20]]
    counts = [
        Counts(labels=np.array([18, 2]), predicted=np.array(guesses), right=np.array(hits), top5=20)
        for guesses, hits in zip(predicted, right)
    ]
    script = iter([*counts, counts[0]])  # the last one on the test images
    for module in ("retraining", "ended"):
        monkeypatch.setattr(f"search.retraining.{module}.judge", lambda *_, **__: next(script))
    summary = retraining(tmp_path, metric=metric).run(quiet)
    wanted = {1: (0.9, 0.5, (2 * 18 / 38) / 2), 2: (0.85, (15 / 18 + 1) / 2, (2 * 15 / 33 + 2 * 2 / 7) / 2)}
    names = "validation_top1", "validation_balanced_accuracy", "validation_macro_f1"
    assert [summary[name] for name in names] == pytest.approx(wanted[kept])
    assert (summary["metric"], summary["class_weights"], summary["test_macro_f1"]) == (metric, "none", wanted[1][2])


def test_a_checkpoint_of_another_measure_or_weights_is_refused(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        retraining(tmp_path).run(stop_after(1))
    for change in ({"metric": "macro-f1"}, {"class_weights": "balanced"}):
        with pytest.raises(InputError, match=f"{next(iter(change))} .* there and {next(iter(change.values()))} here"):
            retraining(tmp_path, **change).run(quiet)
    path = tmp_path / "last.pt"
    state = torch.load(path, weights_only=True)
    later = "optimizer", "weight_decay", "label_smoothing", "ema", "first_step", "teacher_share", "augment", TEACHER
    for name in ("metric", "class_weights", *later):  # as earlier versions wrote it
        del state["settings"][name]
    state["metrics"] = [
        {name: row[name] for name in row if not name.endswith(("cy", "f1"))} for row in state["metrics"]
    ]
    torch.save(state, path)
    assert retraining(tmp_path).run(quiet)["epochs"] == 3


def test_best_epoch_is_the_one_that_is_kept(tmp_path, monkeypatch):
    judge, top1 = search.retraining.retraining.judge, {}

    def scripted(net, split, *, classes, device):
        if not top1:  # the test images
            return judge(net, split, classes=classes, device=device)
        right = round(10 * top1.pop(min(top1)))
        return Counts(labels=np.array([10]), predicted=np.array([10]), right=np.array([right]), top5=10)

    monkeypatch.setattr(search.retraining.retraining, "judge", scripted)
    recipe = Recipe(epochs=4, batch_size=300, learning_rate=0.03)
    top1.update({1: 0.3, 2: 0.6, 3: 0.6, 4: 0.2})
    assert retraining(tmp_path / "whole", recipe=recipe).run(quiet)["validation_top1"] == 0.6
    top1.update({1: 0.3, 2: 0.6, 3: 0.6})
    with pytest.raises(KeyboardInterrupt):
        retraining(tmp_path / "stopped", recipe=recipe).run(stop_after(3))  # of equally good epochs, the later
    state, third = (torch.load(tmp_path / name, weights_only=True) for name in ("whole/best.pt", "stopped/last.pt"))
    assert all(torch.equal(value, third["training"]["net"][name]) for name, value in state.items())


@pytest.mark.parametrize("epoch, falls", [(2, False), (2, True), (3, False)])
@pytest.mark.parametrize("killed_at", ["last.pt", "best.pt"])
def test_after_a_kill_between_two_files_the_best_weights_are_those_of_the_best_epoch(
    tmp_path, monkeypatch, killed_at, epoch, falls
):
    """Of a training that does not repeat itself, as on a GPU: after the kill it is of another seed."""
    save, right, weights = search.retraining.retraining.save_checkpoint, iter([5, 4 if falls else 6, 7, 8, 9]), {}

    def judge(net, split, **_):
        accuracy = next(right)
        weights[accuracy] = {name: tensor.clone() for name, tensor in net.state_dict().items()}
        return Counts(labels=np.array([10]), predicted=np.array([10]), right=np.array([accuracy]), top5=10)

    def save_or_die(path, content):
        if len(weights) == epoch and path.name == killed_at:
            raise KeyboardInterrupt
        save(path, content)

    monkeypatch.setattr(search.retraining.retraining, "judge", judge)
    with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
        patch.setattr(search.retraining.retraining, "save_checkpoint", save_or_die)
        retraining(tmp_path).run(stop_after(epoch))
    right = iter([1] * 9)  # epochs after the kill are worse
    with suppress(KeyboardInterrupt):
        retraining(tmp_path).run(stop_after(3))
    rows = pd.read_csv(tmp_path / "metrics.csv")
    accuracy = round(10 * rows["validation_top1"].max())
    best = torch.load(tmp_path / "best.pt", weights_only=True)
    assert all(torch.equal(tensor, weights[accuracy][name]) for name, tensor in best.items())


@pytest.mark.parametrize("epoch", [1, 3])
def test_resumed_equals_uninterrupted(done, tmp_path, epoch):
    with pytest.raises(KeyboardInterrupt):
        retraining(tmp_path).run(stop_after(epoch))
    assert not (tmp_path / "summary.json").exists()
    rows = []
    summary = retraining(tmp_path).run(rows.append)
    assert [row["epoch"] for row in rows] == list(range(epoch + 1, 4))
    assert losses(tmp_path) == losses(done[0])
    assert tensors(tmp_path) == tensors(done[0])
    changing = ("seconds",)
    assert {k: v for k, v in summary.items() if k not in changing} == {
        k: v for k, v in done[1].items() if k not in changing
    }


def test_the_average_is_packed_and_every_setting_is_in_the_summary(tmp_path):
    recipe = Recipe(**RECIPE, optimizer="sgd", weight_decay=1e-4, label_smoothing=0.1, ema=0.5)
    summary = retraining(tmp_path, recipe=recipe).run(quiet)
    assert {name: summary[name] for name in vars(recipe)} == vars(recipe)
    state = torch.load(tmp_path / "last.pt", weights_only=True)["training"]
    best = torch.load(tmp_path / "best.pt", weights_only=True)
    packed = read_packed(tmp_path / "model.safetensors")[0].state_dict()
    assert torch.equal(packed["stem.0.weight"], best["stem.0.weight"])
    assert not torch.equal(state["net"]["stem.0.weight"], state["average"]["net"]["stem.0.weight"])
    if summary["validation_top1"] == pd.read_csv(tmp_path / "metrics.csv")["validation_top1"].iloc[-1]:
        assert torch.equal(best["stem.0.weight"], state["average"]["net"]["stem.0.weight"])


def test_what_is_done_is_not_done_again(done):
    folder, summary, _ = done

    def written():
        return {path.name: path.stat().st_mtime_ns for path in folder.iterdir() if path.name != ".lock"}

    before = written()
    assert retraining(folder).run(stop_after(1)) == summary
    assert written() == before


def test_one_process_at_a_time(tmp_path):
    def told(row):
        with pytest.raises(InputError, match="another process is at work in"):
            retraining(tmp_path).run(quiet)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retraining(tmp_path).run(told)
    assert retraining(tmp_path).run(quiet)["key"] == NETWORK.key


def test_metrics_that_a_crash_left_behind_the_checkpoint_are_made_up_for(tmp_path):
    # The last epoch's checkpoint is written before its row of metrics.csv: a crash may come between.
    retraining(tmp_path).run(quiet)
    (tmp_path / "summary.json").unlink()
    complete = losses(tmp_path)
    pd.read_csv(tmp_path / "metrics.csv")[:2].to_csv(tmp_path / "metrics.csv", index=False)
    retraining(tmp_path).run(quiet)
    assert losses(tmp_path) == complete


@pytest.mark.parametrize(
    "name, change",
    [
        ("seed", {"seed": 1}),
        ("learning_rate", {"recipe": Recipe(epochs=3, batch_size=300, learning_rate=0.01)}),
        ("label_smoothing 0.0 there and 0.1 here", {"recipe": Recipe(**RECIPE, label_smoothing=0.1)}),
        ("optimizer adam there and sgd here", {"recipe": Recipe(**RECIPE, optimizer="sgd")}),
        ("architecture", {"architecture": Architecture.uniform("mobilenet-8", block="mid", k=2)}),
    ],
)
def test_other_settings_are_refused(done, name, change):
    with pytest.raises(InputError, match=f"other settings.*{name}"):
        retraining(done[0], **change).run(quiet)


@pytest.mark.parametrize("name", ["last.pt", "best.pt"])
@pytest.mark.parametrize("content", ["empty", "half", "other"])
def test_a_damaged_checkpoint_is_refused(tmp_path, monkeypatch, name, content):
    """The best weights, where they are not those of the last epoch, which has them in its own checkpoint."""
    nine, right = np.array([9]), iter((3, 2, 1))
    monkeypatch.setattr(
        search.retraining.retraining,
        "judge",
        lambda *_, **__: Counts(labels=nine, predicted=nine, right=np.array([next(right)]), top5=9),
    )
    with pytest.raises(KeyboardInterrupt):
        retraining(tmp_path).run(stop_after(3))
    path = tmp_path / name
    if content == "other":
        torch.save({"training": 3, "settings": [], "metrics": []}, path)
    else:
        path.write_bytes(path.read_bytes()[: 0 if content == "empty" else path.stat().st_size // 2])
    with pytest.raises(InputError, match=name):
        retraining(tmp_path).run(quiet)


@pytest.mark.parametrize("changed", ["a list", "key alone", "another key", "top-1", "cost"])
def test_a_summary_that_is_none_is_refused_and_made_again(done, tmp_path, changed):
    folder = shutil.copytree(done[0], tmp_path / "copy")
    content = {
        "a list": [],
        "key alone": {"key": NETWORK.key},
        "another key": {**done[1], "key": "0123456789ab"},
        "top-1": {**done[1], "test_top1": "0.5"},
        "cost": {**done[1], "cost": []},
    }
    (folder / "SHA256SUMS").unlink()
    (folder / "summary.json").write_text(json.dumps(content[changed]))
    with pytest.raises(InputError, match="summary.json is not what .*; remove it to test again$"):
        retraining(folder).run(stop_after(1))
    (folder / "summary.json").unlink()
    assert retraining(folder).run(stop_after(1)) == done[1]


def pictures_in(folder: Path, *names: str) -> Path:
    """A folder with ten pictures in each folder named."""
    for name in names:
        (folder / name).mkdir(parents=True)
        for index in range(10):
            Image.new("L", (8, 8), index).save(folder / name / f"{index}.png")
    return folder


@pytest.mark.parametrize(
    "classes, said",
    [((), "has no test images; add"), (("dark", "dim"), r"without training images \(dim\)")],
)
def test_test_pictures_that_cannot_be_used_are_noticed_before_the_first_epoch(tmp_path, classes, said):
    pictures = pictures_in(tmp_path / "pictures", "train/dark", "train/light", *(f"test/{name}" for name in classes))
    rows = []
    with pytest.raises(InputError, match=said):
        retraining(tmp_path / "out", dataset="imagefolder", data_dir=str(pictures)).run(rows.append)
    assert rows == []


def test_no_test_picture_is_opened_before_the_last_epoch(tmp_path):
    pictures = pictures_in(tmp_path / "pictures", "train/dark", "train/light", "test/dark")
    (pictures / "test" / "dark" / "0.png").write_bytes(b"not a picture")
    rows = []
    with pytest.raises(InputError, match="test/dark/0.png cannot be read as a picture"):
        retraining(tmp_path / "out", dataset="imagefolder", data_dir=str(pictures)).run(rows.append)
    assert [row["epoch"] for row in rows] == [1, 2, 3]


def test_pictures_are_predicted_as_they_were_tested(tmp_path):
    folder = tmp_path / "pictures"
    noise = np.random.default_rng(0)
    for part, count in {"train": 12, "test": 25}.items():
        for label, name in enumerate(("dark", "light")):
            (folder / part / name).mkdir(parents=True)
            for index in range(count):
                pixels = noise.integers(0, 200, (31, 23)) + 40 * label
                Image.fromarray(pixels.astype(np.uint8)).save(folder / part / name / f"{index}.png")
    summary = retraining(tmp_path / "out", dataset="imagefolder", data_dir=str(folder)).run(quiet)
    classifier = load_packed(tmp_path / "out")
    paths = sorted((folder / "test").glob("*/*.png"))
    right = [name == path.parent.name for path, name in zip(paths, classifier.predict(paths))]
    assert len(right) == 50 and summary["test_top1"] == pytest.approx(sum(right) / 50)
    assert classifier.network.short_side == 9  # 8/7 of 8 pixels
    examples = read_examples(tmp_path / "out" / "examples.safetensors", classifier.network)
    assert sorted(examples.labels.tolist()) == [0] * 25 + [1] * 25
    again = classifier.scores(examples.images).argmax(1) == examples.labels
    assert again.mean() == summary["test_top1"]


def test_a_training_that_diverges_says_so(tmp_path):
    recipe = Recipe(epochs=2, batch_size=300, learning_rate=1e38, warmup=0)
    with pytest.raises(NonFiniteLoss):
        retraining(tmp_path, recipe=recipe).run(quiet)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]

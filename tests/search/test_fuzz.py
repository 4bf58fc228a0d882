"""Damaged files are refused in one line, or mean what they meant."""

import gc
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from fake_evaluators import Instant
from fakes import open_study, small_space
from faults import MUTATIONS, mutations

from mobinet import build, cost
from mobinet.export.examples import NAME, Examples, dump_examples, read_examples
from mobinet.export.memory import untrained
from mobinet.export.packed import dump_packed, read_packed
from mobinet.supernet import Supernet
from results.entry import read_entry
from results.files import SUMS
from results.report import write_report
from results.retrained import read_retrained
from results.run_config import FREE_TO_CHANGE, read_config
from results.settle_config import settle_config
from results.tables import read_trials
from search.backends.local import InProcess
from search.data.catalog import DATASETS
from search.data.dataset import load_dataset
from search.loop import measure_noise, run_search
from search.recipe import Recipe
from search.retraining.retraining import Retraining
from search.training.checkpoint import open_checkpoint, save_checkpoint
from search.training.seeds import seeded_build
from search.training.training import Training
from space import Architecture, InputError

NETWORK = Architecture.uniform("mobilenet-8", width=0.25, block="mid", k=1).canonical()
SPACE = small_space(block=["pre", "mid"], k=[0, 1])


def hold(path: Path, read, count: int = MUTATIONS) -> int:
    """Read damaged copies of a file in its place; how many were refused."""
    content, expected, refused = path.read_bytes(), read(), 0
    for damaged in mutations(content, count):
        path.write_bytes(damaged)
        try:
            found = read()
        except InputError as error:
            refused += 1
            assert str(error)
        else:
            assert found == expected, f"silently another, {len(damaged)} bytes: {damaged[:200]!r}"
    path.write_bytes(content)
    assert read() == expected
    return refused


def test_study(tmp_path):
    study = open_study(tmp_path / "whole", SPACE, sampler="evolution")
    broken = frozenset({SPACE.baselines()[1].key})
    run_search(study, InProcess(Instant(broken=broken)), trials=25, on_trial=lambda *_: None)
    measure_noise(study, InProcess(Instant()), on_note=lambda *_: None)
    study.ask()
    content = (tmp_path / "whole" / "study.db").read_bytes()
    path = tmp_path / "study.db"

    def read():
        shutil.rmtree(tmp_path / "run", ignore_errors=True)
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "study.db").write_bytes(path.read_bytes())
        found = open_study(tmp_path / "run", SPACE, sampler="evolution")
        result = found.table().to_csv(), found.replicates.noise(), [task.number for task in found.interrupted()]
        del found
        gc.collect()  # connections
        return result

    path.write_bytes(content)
    assert hold(path, read) > MUTATIONS // 2


def test_settings(judged_copy):
    path = judged_copy / "config.json"
    whole = read_config(judged_copy)

    def read():
        settle_config(judged_copy, whole)
        stored = read_config(judged_copy).to_dict()
        return {name: stored.get(name) for name in whole.to_dict().keys() - set(FREE_TO_CHANGE)}

    assert hold(path, read) > MUTATIONS // 2


@pytest.mark.parametrize("name", ["best.json", "pareto.json"])
def test_networks_to_retrain(judged_copy, name):
    path = judged_copy / name
    key = json.loads((judged_copy / "best.json").read_text())["key"]

    def read():
        entry = read_entry(path, key, count=cost)
        if entry.dataset not in DATASETS:
            raise InputError("as the command does")
        return entry.architecture, entry.dataset

    assert hold(path, read) > MUTATIONS // 4


@pytest.mark.parametrize("name", ["config.json", "trials.csv", "pareto.json", "best.json"])
def test_files_of_a_report(judged_copy, name):
    def read():
        return write_report(judged_copy).read_bytes().count(b"trial ")

    assert hold(judged_copy / name, read) == MUTATIONS


@pytest.mark.parametrize("name", ["config.json", "trials.csv", "pareto.json", "best.json"])
def test_files_of_a_report_without_digests(judged_copy, name):
    """An earlier version wrote none: what is damaged may be shown, but is no traceback."""
    (judged_copy / SUMS).unlink()
    path = judged_copy / name
    for damaged in mutations(path.read_bytes(), MUTATIONS // 6):
        path.write_bytes(damaged)
        try:
            write_report(judged_copy)
        except InputError as error:
            assert str(error)


@pytest.fixture(scope="module")
def retrained(tmp_path_factory):
    """A folder KEY with all that a retraining leaves."""
    folder = tmp_path_factory.mktemp("retrain") / NETWORK.key
    recipe = Recipe(epochs=1, batch_size=300, learning_rate=0.03)
    Retraining(
        architecture=NETWORK, dataset="digits", data_dir="data", recipe=recipe, seed=0, device="cpu", folder=folder
    ).run(lambda _: None)
    return folder


@pytest.mark.parametrize("name", ["last.pt", "best.pt", "supernet.pt"])
def test_checkpoints(retrained, tmp_path, name):
    if name == "supernet.pt":
        save_checkpoint(tmp_path / name, {"net": Supernet(SPACE, 10).state_dict(), "epoch": 3})
    else:
        shutil.copy(retrained / name, tmp_path)

    def read():
        buffer = io.BytesIO()
        with open_checkpoint(tmp_path / name) as content:
            torch.save(content, buffer)
        return buffer.getvalue()

    assert hold(tmp_path / name, read) > MUTATIONS // 2


def test_a_packed_network(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(dump_packed(build(NETWORK, 10), NETWORK, 10, {"classes": '["a", "b"]'}))

    def read():
        net, header = read_packed(path)
        notes = {name: header[name] for name in ("architecture", "num_classes", "classes")}
        return notes, {name: value.numpy().tobytes() for name, value in net.state_dict().items()}

    assert hold(path, read) > MUTATIONS // 2


def test_test_images_beside_a_network(tmp_path):
    path, network = tmp_path / NAME, untrained(NETWORK, 10)
    images = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 1), dtype=np.uint8)
    path.write_bytes(dump_examples(Examples(images=images, labels=np.arange(20) % 10)))

    def read():
        found = read_examples(path, network)
        assert found
        return found.images.tobytes(), found.labels.tobytes()

    assert hold(path, read) > MUTATIONS // 2


def test_a_summary(judged_copy, retrained):
    trials, config = read_trials(judged_copy), read_config(judged_copy)
    shutil.copytree(retrained, judged_copy / "retrain" / NETWORK.key)
    trials.loc[0, "key"] = NETWORK.key
    path = judged_copy / "retrain" / NETWORK.key / "summary.json"
    trials.loc[0, "params"] = json.loads(path.read_text())["cost"]["params"]

    def read():
        found = read_retrained(judged_copy, trials, config)
        if found.left_out:
            raise InputError(*found.left_out)
        return found.rows.to_csv()

    assert hold(path, read) == MUTATIONS


def test_a_summary_is_not_taken_for_the_end_of_a_retraining(retrained, tmp_path):
    folder = shutil.copytree(retrained, tmp_path / NETWORK.key)
    recipe = Recipe(epochs=1, batch_size=300, learning_rate=0.03)
    again = Retraining(
        architecture=NETWORK, dataset="digits", data_dir="data", recipe=recipe, seed=0, device="cpu", folder=folder
    )
    assert hold(folder / "summary.json", lambda: again.run(lambda _: None), MUTATIONS // 6) == MUTATIONS // 6


def test_a_checkpoint_of_an_earlier_version_goes_on(tmp_path):
    digits = load_dataset("digits", data_dir="data", input_shape=(1, 8, 8), validation=0.1)
    recipe = Recipe(epochs=1, batch_size=300, learning_rate=0.03)
    training = Training(seeded_build(NETWORK, 10, 0), digits.train, recipe=recipe, seed=0, device=torch.device("cpu"))
    torch.save(training.state_dict(), tmp_path / "plain.pt")
    with open_checkpoint(tmp_path / "plain.pt") as state:
        training.load_state_dict(state)

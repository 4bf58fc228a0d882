"""Training, resuming, retraining and searching on a device that refuses to mix tensors with the CPU's, and computes
what the CPU does: results are equal to the bit."""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from sim_device import build, register

from mobinet import fused
from mobinet.export.packed import read_packed
from search import run_study
from search.data.dataset import load_dataset
from search.evaluators.proxy import Proxy
from search.recipe import Recipe
from search.retraining.retraining import Retraining
from search.training.checkpoint import open_checkpoint, save_checkpoint
from search.training.seeds import seeded_build
from search.training.training import Training
from space import Architecture, load_space

DEVICES = "cpu", "sim"
NETWORK = Architecture.uniform("mobilenet-8", block="mid", k=1, pool="max")
RECIPE = Recipe(epochs=2, batch_size=64, learning_rate=0.01)
DATA: dict[str, Any] = {"dataset": "digits", "data_dir": "data"}

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Iterator[Run]:
    """Calls a function in a process that has the device ``sim``."""
    if shutil.which("g++") is None:
        pytest.skip("there is no g++ to compile the simulated device with")
    library = build(tmp_path_factory.mktemp("sim"))
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=register, initargs=(library,)) as worker:
        yield lambda function, *args: worker.submit(function, *args).result()


def begin(device: str) -> Training:
    images = load_dataset("digits", data_dir="data", input_shape=(1, 8, 8), validation=0.4).train.first(128)
    net = seeded_build(NETWORK, 10, 1)
    return Training(net, images, recipe=RECIPE, seed=1, device=torch.device(device))


def state(training: Training) -> list[list[float]]:
    return [tensor.cpu().flatten().tolist() for tensor in training.net.state_dict().values()]


def mixed() -> None:
    on_cpu, on_sim = torch.ones(1, 1, 2, 2), torch.ones(1, 1, 2, 2, device="sim")
    for operator in (torch.add, torch.conv2d, torch.matmul, torch.dist):
        with pytest.raises(RuntimeError, match="on the same device"):
            operator(on_sim, on_cpu)


def trained() -> list[Any]:
    found = []
    with fused.disabled():
        for device in DEVICES:
            training = begin(device)
            losses = [training.run_epoch() for _ in range(2)]
            found.append((losses, state(training)))
    return found


def resumed(folder: Path) -> list[Any]:
    """After one epoch on each device and one on the other, and after both on the CPU."""
    found = []
    with fused.disabled():
        for first, second in (("cpu", "cpu"), ("cpu", "sim"), ("sim", "cpu")):
            before, after = begin(first), begin(second)
            before.run_epoch()
            save_checkpoint(folder / "last.pt", before.state_dict())
            with open_checkpoint(folder / "last.pt") as content:
                after.load_state_dict(content)
            after.run_epoch()
            assert {t.device.type for t in after.net.state_dict().values()} == {second}
            found.append(state(after))
    return found


def retrained(folder: Path) -> list[Any]:
    found = []
    with fused.disabled():
        for device in DEVICES:
            recipe = Recipe(epochs=1, batch_size=300, learning_rate=0.03)
            settings = {**DATA, "recipe": recipe, "seed": 0, "device": device, "folder": folder / device}
            summary = Retraining(architecture=NETWORK, **settings).run(lambda row: None)
            network = read_packed(folder / device / "model.safetensors")[0]
            found.append((summary["test_top1"], [tensor.tolist() for tensor in network.state_dict().values()]))
    return found


def searched(folder: Path) -> list[Any]:
    space, found = load_space(backbone="mobilenet-8"), []
    recipe = Recipe(epochs=1, batch_size=300, learning_rate=0.03)
    with fused.disabled():
        for device in DEVICES:
            proxy = Proxy(**DATA, validation=0.4, recipe=recipe, seed=0, device=device)
            run_study(folder / device, space=space, evaluator=proxy, trials=2)
            table = pd.read_csv(folder / device / "trials.csv")
            found.append(table[["number", "state", "key", "accuracy"]].to_numpy().tolist())
    return found


def test_tensors_of_two_devices_do_not_mix(run: Run):
    run(mixed)


def test_a_training_is_the_same(run: Run):
    on_cpu, on_sim = run(trained)
    assert on_sim == on_cpu


def test_a_training_is_resumed_on_either_device(run: Run, tmp_path):
    on_cpu, *others = run(resumed, tmp_path)
    assert others == [on_cpu, on_cpu]


def test_a_retraining_is_the_same(run: Run, tmp_path):
    on_cpu, on_sim = run(retrained, tmp_path)
    assert on_sim == on_cpu


def test_a_search_is_the_same(run: Run, tmp_path):
    on_cpu, on_sim = run(searched, tmp_path)
    assert on_sim == on_cpu and [row[1] for row in on_cpu] == ["complete"] * 2

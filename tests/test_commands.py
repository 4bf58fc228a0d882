"""Every command that README and docs show runs, with settings small enough to take seconds."""

import importlib
import importlib.util
import json
import re
import shlex
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from benchmarks.limits.instant import instant
from mobinet.latency.__main__ import to_measure
from mobinet.latency.device import here
from mobinet.latency.table import TAU, WHOLE, LatencyTable, kernels_digest, name_of_check, piece_names
from search.backends.local import InProcess
from space import load_space
from tests.test_docs import PAGES, ROOT, commands_in

CIFAR = "--csv few.csv --dataset cifar10 --width 0.125"
SMALL = {
    "benchmarks.limits.scale": "--trials 20 --more 2 --samplers random",
    "benchmarks.proxies.expected": CIFAR,
    "benchmarks.retrained.compare_networks": "--dataset digits --width 0.25 --epochs 1 --images 64 --seeds 1 "
    "--workers 1",
    "benchmarks.retrained.latent_weights": "--dataset digits --width 0.25 --epochs 1 --images 64 --seeds 1",
    "benchmarks.retrained.recipes": "--dataset digits --width 0.25 --epochs 1 --images 64 --seeds 1 --workers 1",
    "benchmarks.retrained.searched_vs_handmade": "--seeds 1 --epochs 1 --images 64 --workers 1",
    "benchmarks.retrained.trained_binarization": "--dataset digits --images 64 --epochs 1 --seeds 1 "
    "--workers 1 --only 'within 0.05'",
    "benchmarks.samplers.contest": f"{CIFAR} --seeds 1 --trials 18 --samplers front --workers 1",
    "benchmarks.samplers.surrogate": CIFAR,
    "benchmarks.samplers.warm_start": f"{CIFAR} --other few.csv --other-width 0.125 --seeds 2 --trials 6 --workers 1",
    "benchmarks.samplers.table": "--width 0.25 --epochs 1 --networks 4 --seeds 1 --images 64 --workers 1 --csv new.csv",
    "benchmarks.speed.inference": "--backbones mobilenet-8 --seconds 0.01",
    "benchmarks.speed.kernel_sizes": "--steps 1",
    "benchmarks.speed.pieces": "--backbone mobilenet-8",
    "benchmarks.speed.training": "--backbone mobilenet-8 --width 1 --k 0 --steps 1",
    "mobinet.latency": "--backbone mobilenet-8 --width 1 --space narrow.toml",
    "search.retrain": "--dataset digits --epochs 1",
    "search.run": "--dataset digits --trials 3 --epochs 1 --workers 0 --proxy-images 100",
}
"""Flags that are added to a command; the last of two counts."""

SMALLER = {
    "benchmarks.limits.scale": {"BACKENDS": {"here": lambda: InProcess(instant)}},
    "benchmarks.samplers.surrogate": {"FOLDS": 2},
    "benchmarks.speed.kernel_sizes": {"BACKBONES": (("mobilenet-8", 1.0),), "KS": (0,)},
    "benchmarks.speed.pieces": {"here": lambda: replace(here(), compiler="cc -std=gnu99 -O1 -march=native")},
}
"""What has no flag; tests/search/backends/test_ray_tune.py and test_local.py have the back ends."""

ELSEWHERE = {
    "--backend ray": "tests/search/backends/test_ray_tune.py runs it",
    "pareto.json --all": "tests/search/test_several.py runs it",
    "best.json --seeds": "tests/search/test_several.py runs it",
    "--tensorboard events": "tests/search/messages/test_tensorboard.py runs it",
    "search.evaluate network": "tests/search/test_evaluate.py runs it",
    "--recipe mine.toml": "tests/search/flags/test_recipe.py reads such files",
    "runs/mcu": "it takes minutes; the commands of README.md do the same on digits",
    "runs/half": "it takes minutes; tests/mobinet/export/test_export.py has both streams",
    "--teacher runs/teacher": "tests/search/training/test_teacher.py has teachers",
    "--backbone mobilenet-32 --width 0.125": "the same with mobilenet-8 is run",
    "benchmarks.speed.inference": "it compiles for minutes; tests/mobinet/export/test_c.py has every build",
    "--space mine.py": "tests/search/test_own_files.py runs it",
    "results.report runs/digits --watch": "it ends with Ctrl-C; tests/results/test_watch.py runs it",
    "results.zoo": "tests/results/test_zoo.py runs it",
    "benchmarks.limits.faults": "tests/search/test_fuzz.py and test_killed.py are what it repeats",
    "search.run --dataset cifar10 --width 0.125": "digits, on which commands are tried, are too small for this width",
    "benchmarks/tables/cifar10-random": "it trains on CIFAR-10; the one on digits is run",
    "results.compare runs/narrow": "its searches take minutes; tests/results/compare holds what it prints",
    "pi:/tmp/p": "there is no such device",
    "benchmarks.speed.by_cost": "its tables take a minute; tests/results/test_two_costs.py holds what it prints",
    "benchmarks.proxies.fidelity": "it starts a pool of processes ten times, which takes more than a minute",
    "benchmarks.retrained.short_searches": "its searches take minutes; tests/test_trainings.py holds what it prints",
    "benchmarks.retrained.compare_searches": "its trainings have a fixed size and take minutes",
}
"""Where what a command shows is tested, or why it is not."""


def commands() -> list:
    """Each command of users once, and the first one of each benchmark."""
    found: dict[tuple[str, str], str] = {}
    for page in PAGES:
        for module, arguments in commands_in(page):
            runs = {before for before, its in found if not missing(before, its)}
            measured_before = module.startswith("benchmarks") and module in runs
            if page.name != "extend.md" and not measured_before:  # tests/test_extend.py runs those
                found.setdefault((module, arguments), page.name)
    return [pytest.param(*command, id=f"{page}: {' '.join(command)}") for command, page in found.items()]


def missing(module: str, arguments: str) -> str:
    """Why a command cannot run here, or nothing."""
    if module == "benchmarks.speed.training" and not importlib.util.find_spec("bitorch"):
        return "bitorch is not installed"
    for flag, package in {
        "--format onnx": "onnx",
        "--format wasm": "ziglang",
        "--format svg": "matplotlib",
        "--plot": "matplotlib",
    }.items():
        if flag in arguments and not importlib.util.find_spec(package):
            return f"{package} is not installed"
    if "--target cortex-m4" in arguments:
        for tool in ("arm-none-eabi-gcc", "qemu-system-arm"):
            if not shutil.which(tool):
                return f"{tool} is not installed"
    if module == "benchmarks.speed.litert" and not importlib.util.find_spec("tensorflow"):
        return "tensorflow is not installed"
    if module == "benchmarks.speed.first_gpu" and not torch.cuda.is_available():
        return "there is no GPU"
    return next((reason for part, reason in ELSEWHERE.items() if part in f"{module} {arguments}"), "")


@pytest.fixture(scope="module")
def workplace(tmp_path_factory) -> Path:
    """A folder with what the commands read: tables, a space, pictures."""
    folder = tmp_path_factory.mktemp("commands")
    (folder / "narrow.toml").write_text('block = ["mid"]\nk = [0]\npool = ["avg"]\n[layer1]\nk = [0, 1]\n')
    (folder / "small.toml").write_text('block = ["pre", "mid"]\nk = [0, 1, 2]\npool = ["avg"]\n')
    (folder / "wide.toml").write_text("growth = [1, 2]\ndepth = 'up to 5'\nkernel = [3, 5]\nwidth = [50, 100]\n")
    shutil.copytree(ROOT / "benchmarks" / "tables", folder / "benchmarks" / "tables")
    table = (ROOT / "benchmarks" / "tables" / "cifar10.csv").read_text().splitlines(keepends=True)
    (folder / "few.csv").write_text("".join(table[:161]))
    names = {name: 4e-7 for network in to_measure(load_space(), 10) for name in piece_names(network, 10)}
    names |= {name_of_check(kind, "mobilenet-8", 1.0, "0a"): 1.0 for kind in (WHOLE, TAU)}
    for name in ("here", "cortex-m4"):
        head = {"target": name, "machine": "none", "unit": "s", "kernels": kernels_digest(), "compiler": "cc"}
        LatencyTable(**head, path=folder / f"{name}.csv", values=names).write()
    Image.new("RGB", (40, 40), "gray").save(folder / "picture.png")
    for name, color in {"red": (200, 0, 0), "green": (0, 200, 0)}.items():
        (folder / "pictures" / name).mkdir(parents=True)
        for number in range(8):
            Image.new("RGB", (40, 40), color).save(folder / "pictures" / name / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def key(workplace: Path) -> str:
    """A network on the front of the runs that commands go on from."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(workplace)
        run(patch, "search.run", f"{SMALL['search.run']} --out runs/digits")
        run(patch, "search.retrain", f"runs/digits/best.json {SMALL['search.retrain']}")
    for name in ("NAME", "imagefolder", "one-shot", "pictures", "small"):
        shutil.copytree(workplace / "runs" / "digits", workplace / "runs" / name)
    return json.loads((workplace / "runs" / "digits" / "best.json").read_text())["key"]


def run(patch: pytest.MonkeyPatch, module: str, arguments: str) -> None:
    patch.setattr(sys, "argv", [module, *shlex.split(arguments)])
    is_package = (ROOT / module.replace(".", "/")).is_dir()
    importlib.import_module(f"{module}.__main__" if is_package else module).main()


@pytest.mark.parametrize("module, arguments", commands())
def test_it_runs(workplace, key, monkeypatch, tmp_path, request, module, arguments):
    if reason := missing(module, arguments):
        pytest.skip(reason)
    if module != "benchmarks.retrained.compare_networks":  # its processes start as for users
        request.getfixturevalue("forked")
    for name, value in SMALLER.get(module, {}).items():
        monkeypatch.setattr(f"{module}.{name}", value)
    monkeypatch.chdir(workplace)
    small = SMALL.get(module, "")
    if module == "mobinet.latency" and "--target" not in arguments:
        small += " --cc 'cc -std=gnu99 -O0'"
    if "--image-size" in arguments:
        small += " --image-size 8 --width 0.25"
    if "--backbone mobilenet-32" in arguments and "--device-profile" in arguments:
        small += " --backbone mobilenet-8"  # RAM is counted thousands of times
    if module in ("search.run", "mobinet.latency"):
        small += f" --out {tmp_path / ('out.csv' if module == 'mobinet.latency' else 'out')}"
    if "imagefolder" in arguments:
        small = small.replace("--dataset digits", "")
    if "supernet" in arguments:
        small = small.replace("--proxy-images 100", "")
    run(monkeypatch, module, f"{arguments.replace('KEY', key)} {small}")


def snippets() -> list:
    """Each block of Python once; those of extend.md are parts of files, which tests/test_extend.py makes."""
    blocks = {
        block: page.name
        for page in PAGES
        if page.name != "extend.md"
        for block in re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    }
    return [pytest.param(block, id=f"{page}: {block.splitlines()[-1]}") for block, page in blocks.items()]


@pytest.mark.parametrize("snippet", snippets())
def test_a_snippet_runs(workplace, key, monkeypatch, tmp_path, snippet):
    if "InferenceSession" in snippet:
        pytest.skip("it goes on from another snippet and an export; tests/mobinet/export/test_onnx.py runs both")
    monkeypatch.chdir(workplace)
    small = re.sub(r"trials=\d+", "trials=3", re.sub(r"(proxy\(\"digits\").*?\)", r"\1, epochs=1)", snippet))
    found: dict = {}
    exec(small.replace("runs/mine", str(tmp_path)).replace("KEY", key), found)
    if "cost" in found:
        assert found["cost"](found["arch"], num_classes=1000).ops == pytest.approx(48.62e6, abs=5e3)
    elif "search" in found:
        assert len(found["search"].table()) == 3
    else:
        assert "classifier" in found or Path("picture.pgm").stat().st_size > 0

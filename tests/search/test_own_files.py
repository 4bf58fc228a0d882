"""Searches of a family and on images from a file of the user's own."""

import json
import shlex
import shutil
from hashlib import sha256

import numpy as np
import pytest
from fakes import made_up

import search.retrain
import search.run
from search.data.catalog import dataset_called
from search.data.dataset import check_test, load_dataset, read_source
from search.evaluators.proxy import Proxy
from space import InputError

FILE = """
import numpy as np
from torch import nn
from mobinet.part import Part
from space.family import Family
from space.gene import Gene

INPUT_SHAPE = (1, 4, 4)

def images(data_dir, part):
    labels = np.arange(40) % 2
    return (labels * 200).astype(np.uint8).reshape(-1, 1, 1, 1).repeat(4, 2).repeat(4, 3), labels

class Tiny(Family):
    backbones = {"tiny-4": (1, 4, 4)}
    def genes(self, backbone, width):
        return (Gene(name="inner", choices=(2, 4, 8), legal=(2, 4, 8)),)
    def describe(self, choices):
        return f"tiny {choices['inner']}"

FAMILY = Tiny()

class Body(Part):
    def build(self):
        return nn.Sequential(nn.Flatten(), nn.Linear(16, 2))

def parts(architecture, num_classes):
    return (Body(name=f"body{architecture.choices['inner']}"),)
"""


SOUND = "INPUT_SHAPE = (1, 4, 4)\ndef images(data_dir, part): pass\n"


ONE_PROCESS = """
import importlib, shlex, sys
from space.command import run_command

for command in sys.argv[1:]:
    module, *sys.argv[1:] = shlex.split(command)
    try:
        run_command(importlib.import_module(module).main)
    except SystemExit as end:
        assert end.code == 2
"""
"""So that torch is loaded once, and the changed file anew."""


def test_a_run_keeps_the_digest_and_refuses_another_version(tmp_path, invoke, start, monkeypatch):
    path, run = tmp_path / "tiny.py", tmp_path / "run"
    path.write_text(FILE)
    (tmp_path / "one_process.py").write_text(ONE_PROCESS)
    both = "--space", path, "--dataset", path
    with monkeypatch.context() as patch:
        patch.setattr(Proxy, "__call__", made_up)
        ended = invoke(search.run, *both, "--trials", 2, "--epochs", 1, "--workers", 0, "--out", run)
    assert ended.code == 0 and f"best.json --space {path} --dataset {path}" in ended.out
    config, best = (json.loads((run / name).read_text()) for name in ("config.json", "best.json"))
    digest = sha256(FILE.encode()).hexdigest()[:16]
    assert config["digests"] == best["digests"] == {"space": digest, "dataset": digest}
    assert config["files"] == {"space": str(path), "dataset": str(path)}
    assert (config["family"], config["dataset"], config["train_images"], config["validation_images"]) == (
        *("tiny", "tiny"),
        *(32, 8),
    )
    assert invoke(search.retrain, run / "best.json", *both, "--epochs", 1).code == 0
    shutil.copy(path, tmp_path / "kept.py")
    path.write_text(FILE + "# changed\n")
    model = next(run.glob("retrain/*/model.safetensors"))
    commands = {
        ("mobinet.predict", model, "some.png"): "name the file that holds it: --space",
        ("results.report", run): "name the file that holds it: --space",
        ("search.run", *both, "--trials", 3, "--epochs", 1, "--workers", 0, "--out", run): "digest of the --space file",
        ("search.retrain", run / "best.json", *both): f"was made with another {path}",
        ("mobinet.predict", model, "some.png", "--space", path): f"was made with another {path}",
    }
    process = start("one_process", *(shlex.join(map(str, command)) for command in commands), cwd=tmp_path)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    lines = err.splitlines()
    assert len(lines) == len(commands)
    assert all(complaint in line for line, complaint in zip(lines, commands.values())), err


@pytest.mark.parametrize(
    "stem, text, complaint",
    [
        ("digits", "", "digits names another one here"),
        ("nothing", "", "holds no data set"),
        ("shapeless", "def images(data_dir, part): pass", "holds no data set"),
        ("flat", "INPUT_SHAPE = (8, 8)\ndef images(data_dir, part): pass", "holds no data set"),
        ("numbered", SOUND + "CLASSES = (0, 1)", "must be the names of the classes"),
        ("augmented", SOUND + "AUGMENTATION = 0.1", "must be a search.data.catalog.Augmentation"),
        ("ended", "raise SystemExit(0)", "cannot be run: SystemExit: 0"),
    ],
)
def test_a_file_that_is_no_data_set_is_refused(tmp_path, stem, text, complaint):
    (tmp_path / f"{stem}.py").write_text(text)
    with pytest.raises(InputError, match=complaint):
        dataset_called(str(tmp_path / f"{stem}.py"))


@pytest.mark.parametrize(
    "number, given, complaint",
    [
        (0, (np.zeros((3, 1, 4, 4)), np.zeros(3, int)), "images must give uint8"),
        (1, (np.zeros((3, 4, 4), np.uint8), np.zeros(3, int)), "images must give uint8"),
        (2, (np.zeros((3, 1, 4, 4), np.uint8), np.zeros(2, int)), "images must give uint8"),
        (3, (np.zeros((3, 1, 4, 4), np.uint8), np.zeros(3)), "whole labels"),
        (4, (np.zeros((3, 1, 4, 4), np.uint8), np.array([0, -1, 1])), "labels are from -1 to 1, for 2 classes"),
        (5, None, "failed: TypeError"),
        (
            6,
            (np.zeros((3, 4, 4, 1), np.uint8), np.zeros(3, int)),
            r"wrong6.py: images are \(4, 4, 1\), and INPUT_SHAPE",
        ),
    ],
)
def test_what_the_function_gives_is_checked(tmp_path, monkeypatch, number, given, complaint):
    path = tmp_path / f"wrong{number}.py"
    path.write_text("INPUT_SHAPE = (1, 4, 4)\nGIVEN = None\ndef images(data_dir, part): return GIVEN")
    name = dataset_called(str(path))
    monkeypatch.setattr(f"own_{name}.GIVEN", given)
    with pytest.raises(InputError, match=complaint):
        read_source(name, str(tmp_path), "train")


@pytest.mark.parametrize(
    "stem, given, complaint",
    [
        ("untested", "images[:0], labels[:0]", "has no test images; give some"),
        ("failing", "1 / 0", "failed: ZeroDivisionError"),
        ("more", "images, labels + 1", "images of classes without training images"),
    ],
)
def test_test_images_are_looked_at_before_a_training(tmp_path, stem, given, complaint):
    text = (
        FILE.split("class Tiny")[0].replace("return (", "images = (").replace(".repeat(4, 3), labels", ".repeat(4, 3)")
    )
    path = tmp_path / f"{stem}_part.py"
    path.write_text(f"{text}    return (images, labels) if part == 'train' else ({given})")
    name = dataset_called(str(path))
    dataset = load_dataset(name, data_dir=str(tmp_path), input_shape=(1, 4, 4), validation=0.2)
    assert check_test(name, data_dir=str(tmp_path), dataset=dataset, needed=False) == ()
    with pytest.raises(InputError, match=complaint):
        check_test(name, data_dir=str(tmp_path), dataset=dataset, needed=True)

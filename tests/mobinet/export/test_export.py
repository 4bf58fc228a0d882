"""python -m mobinet.export"""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from errno import ENOSPC
from pathlib import Path
from unittest.mock import Mock

import pytest

from mobinet.export import FORMATS, __main__
from mobinet.export.packed import NAME, dump_packed
from space import Architecture
from space.command import run_command
from tests.mobinet.export.networks import as_trained

NETWORK = Architecture.uniform("mobilenet-8", block="mid", k=1, pool="avg")


@pytest.fixture
def trained(tmp_path):
    """A folder as search.retrain leaves it, within a run."""
    folder = tmp_path / "run" / "retrain" / "key"
    folder.mkdir(parents=True)
    (folder / NAME).write_bytes(FORMATS["safetensors"].files(as_trained(NETWORK))[NAME])
    (folder / "summary.json").write_text(json.dumps({"test_top1": 0.875}))
    return folder


@pytest.fixture
def export(monkeypatch, capsys):
    def call(*args):
        monkeypatch.setattr(sys, "argv", ["export", *map(str, args)])
        capsys.readouterr()
        try:
            run_command(__main__.main)
        except SystemExit as end:
            return end.code, capsys.readouterr().err
        return 0, capsys.readouterr().out

    return call


def test_a_run_its_folder_and_its_file_are_the_same(trained, export, tmp_path):
    written = []
    for number, path in enumerate((trained, trained.parents[1], trained / NAME)):
        out = tmp_path / str(number)
        assert export(path, "--format", "c", "--out", out)[0] == 0
        written.append({file.name: file.read_bytes() for file in out.iterdir()})
    assert written[0] == written[1] == written[2]
    assert set(written[0]) == {
        "README.md",
        "Makefile",
        "kernels.h",
        "binary.h",
        "words.h",
        "tables.h",
        "lanes.h",
        "values.h",
        "main.c",
        "network.c",
        "network.h",
    }
    assert b"| accuracy on the test images | 87.50% |" in written[0]["README.md"]


@pytest.mark.parametrize("summary", ['{"test_top1": NaN}', "[" * 100_000], ids=["not a number", "nested"])
def test_a_summary_without_an_accuracy_is_left_out(trained, export, tmp_path, summary):
    (trained / "summary.json").write_text(summary)
    assert export(trained, "--format", "c", "--out", tmp_path / "c")[0] == 0
    assert "accuracy" not in (tmp_path / "c" / "README.md").read_text()


def test_the_program_in_the_readme_runs(trained, export, tmp_path):
    if not shutil.which("cc"):
        pytest.skip("cc is not installed")
    out = tmp_path / "network"
    export(trained, "--format", "c", "--out", out)
    (lines,) = re.findall(r"```c\n(.*?)```", (out / "README.md").read_text(), re.DOTALL)
    *before, call = lines.strip().splitlines()
    own = "\n".join([*before, "int main(void)", "{", "    " + call, "    return !(scores[0] == scores[0]);", "}"])
    (out / "own.c").write_text(own + "\n")
    strict = ["cc", "-std=c99", "-O1", "-Wall", "-Wextra", "-Werror", "own.c", "network.c", "-o", "own"]
    subprocess.run(strict, cwd=out, check=True)
    subprocess.run([out / "own"], check=True)


def test_the_commands_of_the_docs_run_it_on_an_emulated_microcontroller(trained, export, tmp_path):
    tools = ("arm-none-eabi-gcc", "qemu-system-arm", "make", "cc")
    if missing := [tool for tool in tools if not shutil.which(tool)]:
        pytest.skip(f"{missing[0]} is not installed")
    out, root = tmp_path / "network", Path(__file__).parents[3]
    export(trained, "--format", "c", "--out", out)
    (out / "picture.pgm").write_bytes(b"P5 8 8 255\n" + bytes(range(0, 256, 4)))
    text = (root / "docs" / "export.md").read_text(encoding="utf-8")
    commands = re.findall(r"^    ((?:arm-none-eabi-gcc|qemu-system-arm) .*)", text, re.MULTILINE)
    environment = {**os.environ, "MOBINAS": str(root)}
    here, there = (
        subprocess.check_output(["sh", "-ec", lines], cwd=out, env=environment, timeout=60)
        for lines in ("make -s CFLAGS=-O0 && ./network picture.pgm", "\n".join(commands))
    )
    assert here == there and here.count(b"\n") == 10 and len(commands) == 2


def test_weights_from_a_file_are_those_of_the_network(trained, export, tmp_path):
    """Scales go through the file as floats; what is exported from it is what is exported without it."""
    export(trained, "--format", "c", "--out", tmp_path / "c")
    direct = FORMATS["c"].files(replace(as_trained(NETWORK), accuracy=0.875))
    assert {file.name: file.read_bytes() for file in (tmp_path / "c").iterdir()} == direct


def test_only_c_and_wasm_have_half_precision(trained, export, tmp_path):
    for kind in ("onnx", "safetensors"):
        code, err = export(trained, "--format", kind, "--stream", "float16", "--out", tmp_path / "out")
        assert (code, err) == (2, "mobinas: --stream float16 goes with --format c or wasm\n")
    arenas = []
    for stream in ("float16", "float32"):
        assert export(trained, "--format", "c", "--stream", stream, "--out", tmp_path / stream)[0] == 0
        (size,) = re.findall(r"NETWORK_ARENA (\d+)", (tmp_path / stream / "network.h").read_text())
        arenas.append(int(size))
        said = "values between layers are rounded to half precision" in (tmp_path / stream / "README.md").read_text()
        assert said == (stream == "float16")
    assert arenas[0] < 0.6 * arenas[1]


def test_what_cannot_be_exported_is_said_in_a_line(trained, export, tmp_path):
    nothing, other, foreign = tmp_path / "nothing", trained.parent / "other", tmp_path / "foreign.safetensors"
    nothing.mkdir()
    foreign.write_bytes(b"{}")
    os.mkfifo(tmp_path / "pipe")
    out = "--out", tmp_path / "out"
    for args, said in {
        (nothing, "--format", "c", *out): "holds no model.safetensors; mobinas retrain writes one",
        (foreign, "--format", "c", *out): "is not a packed network",
        (tmp_path / "missing", "--format", "c", *out): "missing",
        (tmp_path / "pipe", "--format", "c", *out): "pipe is not a file",
        (trained, "--format", "c", "--out", ""): "the path is empty",
        (trained, "--format", "d", *out): "invalid choice: 'd'",
        (trained, "--format", "c", "--out", trained / NAME): "File exists",
    }.items():
        code, err = export(*args)
        assert (code, err.count("\n")) == (2, 1) and said in err
    other.mkdir()
    (other / NAME).write_bytes((trained / NAME).read_bytes())
    for folder in (trained.parent, trained.parents[1]):  # of retrainings, of a run
        code, err = export(folder, "--format", "c", *out)
        assert (code, err.count("\n")) == (2, 1) and "2 trained networks" in err and str(trained) in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"classes": ("a", "b")},
        {"classes": ("a\0b", *"123456789")},
        {"mean": (0.1, 0.2, 0.3)},
        {"mean": ()},
        {"std": (0.0,)},
        {"std": (float("nan"),)},
    ],
)
def test_headers_that_do_not_fit_are_refused(export, tmp_path, change):
    network = replace(as_trained(NETWORK), **change)
    notes = {name: json.dumps(getattr(network, name)) for name in ("classes", "mean", "std")}
    (tmp_path / NAME).write_bytes(dump_packed(network.net, NETWORK, 10, notes))
    code, err = export(tmp_path, "--format", "c", "--out", tmp_path / "out")
    assert (code, err.count("\n")) == (2, 1) and "does not fit its network" in err


@pytest.mark.parametrize("mean", ["[0.5", "5", "[" * 100_000], ids=["cut", "no list", "nested"])
def test_a_damaged_header_is_named(export, tmp_path, mean):
    network = as_trained(NETWORK)
    notes = {name: json.dumps(getattr(network, name)) for name in ("classes", "std")} | {"mean": mean}
    (tmp_path / NAME).write_bytes(dump_packed(network.net, NETWORK, 10, notes))
    code, err = export(tmp_path, "--format", "c", "--out", tmp_path / "out")
    assert (code, err.count("\n")) == (2, 1) and "its header is damaged" in err


def test_an_export_that_stops_half_way_is_no_obstacle(trained, export, tmp_path, monkeypatch):
    out = tmp_path / "out"
    with monkeypatch.context() as full:
        full.setattr(Path, "write_bytes", Mock(side_effect=[None, None, OSError(ENOSPC, "No space left on device")]))
        assert export(trained, "--format", "c", "--out", out)[0] == 2
    assert not [*out.iterdir()]
    assert export(trained, "--format", "c", "--out", out)[0] == 0


@pytest.mark.parametrize("summary", ["{", "[1]", '{"test_top1": "x"}', "{}"])
def test_a_damaged_summary_is_passed_over(trained, export, tmp_path, summary):
    (trained / "summary.json").write_text(summary)
    assert export(trained, "--format", "c", "--out", tmp_path / "out")[0] == 0
    assert "accuracy" not in (tmp_path / "out" / "README.md").read_text()


@pytest.mark.parametrize("kind", ["onnx", "safetensors"])
def test_a_single_file_of_others_is_not_overwritten(trained, export, tmp_path, kind):
    if kind == "onnx":
        pytest.importorskip("onnx")
    out, name = tmp_path / "out", f"model.{kind}"
    for _ in range(2):
        assert export(trained, "--format", kind, "--out", out)[0] == 0
    (out / name).write_bytes(b"mine")
    code, err = export(trained, "--format", kind, "--out", out)
    assert (code, err.count("\n")) == (2, 1) and f"holds a {name} that no export to {kind} wrote" in err
    assert (out / name).read_bytes() == b"mine"


def test_an_export_of_fewer_files_is_replaced(trained, export, tmp_path):
    export(trained, "--format", "c", "--out", tmp_path / "c")
    (tmp_path / "c" / "values.h").unlink()
    (tmp_path / "c" / "Makefile").write_text("of an earlier version")
    assert export(trained, "--format", "c", "--out", tmp_path / "c")[0] == 0
    assert (tmp_path / "c" / "values.h").exists()
    assert (tmp_path / "c" / "Makefile").read_text() != "of an earlier version"


def test_the_folder_is_checked_before_pytorch_is_asked(trained, export, tmp_path, monkeypatch):
    monkeypatch.setattr(__main__, "read_examples", lambda path, network: "some")
    monkeypatch.setattr(__main__, "compare", Mock(side_effect=AssertionError))
    (tmp_path / "README.md").write_text("mine")
    assert export(trained, "--format", "c", "--out", tmp_path)[0] == 2


def test_files_of_others_are_not_overwritten(trained, export, tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    (project / "Makefile").write_text("all:")
    code, err = export(trained, "--format", "c", "--out", project)
    assert (code, err.count("\n")) == (2, 1) and "holds a Makefile that no export to c wrote" in err
    assert [path.name for path in project.iterdir()] == ["Makefile"]
    for _ in range(2):
        assert export(trained, "--format", "c", "--out", project / "network")[0] == 0

"""The evaluate command: the network in its file, and the same one exported to C."""

import shutil
import xml.etree.ElementTree as ET

import pytest
from PIL import Image

import search.evaluate
import search.model
import search.retrain
from mobinet.export import FORMATS
from mobinet.export.trained import load_trained
from results.files import read_json, write_json


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a short retraining, not to be changed."""
    parent = tmp_path_factory.mktemp("trained")
    search.retrain.retrain(search.retrain.parse(["mobinet-mid-k1", "--epochs", "3", "--out", str(parent)]))
    (folder,) = parent.iterdir()
    return folder


@pytest.fixture
def exported(trained, tmp_path):
    folder = tmp_path / "network"
    folder.mkdir()
    for name, content in FORMATS["c"].files(load_trained(trained / "model.safetensors")).items():
        (folder / name).write_bytes(content)
    return folder


def numbers(invoke, tmp_path, *args) -> dict:
    ended = invoke(search.evaluate, *args, "--json", tmp_path / "evaluated.json")
    assert (ended.code, ended.err) == (0, "")
    return read_json(tmp_path / "evaluated.json")


def one_line(ended) -> str:
    assert ended.code == 2 and ended.err.startswith("mobinas: ") and ended.err.count("\n") == 1
    return ended.err


def test_it_finds_what_the_retraining_found(trained, invoke, tmp_path):
    summary = read_json(trained / "summary.json")
    found = numbers(invoke, tmp_path, trained)
    assert found["images"] == summary["test_images"]
    for name, stated in {"accuracy": "top1", "top5": "top5", "macro_f1": "macro_f1"}.items():
        assert found[name] == pytest.approx(summary[f"test_{stated}"])
    assert [row["class"] for row in found["classes"]] == [*map(str, range(10))]


def test_table_and_picture(trained, invoke, tmp_path):
    ended = invoke(search.evaluate, trained / "model.safetensors", "--svg", tmp_path / "evaluated.svg")
    accuracy = read_json(trained / "summary.json")["test_top1"]
    assert ended.out.startswith("test images of digits: 300, 10 classes\n") and f"{accuracy:.2%} ± " in ended.out
    assert "guessing" not in ended.out and ended.out.endswith(f"wrote {tmp_path / 'evaluated.svg'}\n")
    assert f"accuracy {accuracy:.2%}" in ET.parse(tmp_path / "evaluated.svg").getroot()[0].text


@pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")
def test_exported_c_is_run(trained, exported, invoke, tmp_path):
    (exported / "libnetwork.so").write_bytes(b"of another machine")
    before = sorted(exported.iterdir())
    ours, theirs = (
        numbers(invoke, tmp_path, *args) for args in ((trained,), (exported, "--dataset", "digits", "--part", "test"))
    )
    assert (ours["confusion"], ours["classes"]) == (theirs["confusion"], theirs["classes"])
    assert ours["calibration_error"] == pytest.approx(theirs["calibration_error"], abs=1e-4)
    assert sorted(exported.iterdir()) == before
    (exported / "network.c").write_text("nonsense")
    said = one_line(invoke(search.evaluate, exported, "--dataset", "digits"))
    assert "cannot be compiled: network.c:1:1: error: " in said


def test_parts_of_the_images(trained, invoke, tmp_path):
    counts = {part: numbers(invoke, tmp_path, trained, "--part", part)["images"] for part in ("train", "test", "all")}
    assert counts == {"train": 1497, "test": 300, "all": 1797}


def test_pictures_of_some_of_the_classes(trained, invoke, tmp_path):
    """A folder of two classes is judged among all ten of the network."""
    for part, name, count in (("train", "3", 2), ("train", "8", 2), ("test", "8", 5)):
        (tmp_path / "pictures" / part / name).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            Image.new("L", (8, 8), 20 * number).save(tmp_path / "pictures" / part / name / f"{number}.png")
    flags = "--dataset", "imagefolder", "--data-dir", tmp_path / "pictures"
    found = numbers(invoke, tmp_path, trained, *flags)
    assert [row["images"] for row in found["classes"]] == [0] * 8 + [5, 0]
    assert numbers(invoke, tmp_path, trained, *flags, "--part", "all")["images"] == 9
    (tmp_path / "pictures" / "test" / "8").rename(tmp_path / "pictures" / "test" / "eight")
    assert "does not know (eight)" in one_line(invoke(search.evaluate, trained, *flags))


def test_it_takes_images_where_the_search_had_them(trained, tmp_path):
    folder = shutil.copytree(trained, tmp_path / "run" / "retrain" / "key")
    assert search.model.trained_on(folder) == ("digits", "data")
    write_json(folder / "summary.json", [])
    assert search.model.trained_on(folder) == ("", "data")


def test_bad_input_is_one_line(trained, exported, invoke, tmp_path):
    bad = {
        "holds no model.safetensors": (tmp_path,),
        "name the images with --dataset": (exported,),
        "invalid choice": (trained, "--dataset", "nonsense"),
        "not known": (trained, "--device", "nonsense"),
    }
    for word, flags in bad.items():
        assert word in one_line(invoke(search.evaluate, *flags))

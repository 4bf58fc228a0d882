"""An export is compared with PyTorch on the test images beside its network."""

import os
import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from mobinet.export import FORMATS, __main__
from mobinet.export.agreement import Agreement, compare
from mobinet.export.examples import NAME, Examples, dump_examples, most_examples, read_examples
from mobinet.export.packed import NAME as MODEL
from mobinet.export.reference import scores
from mobinet.export.translate import steps_of
from space import Architecture, InputError
from space.command import run_command
from tests.mobinet.export.networks import as_trained

NETWORK = as_trained(Architecture.uniform("mobilenet-8", block="mid", k=1, pool="avg"))
IMAGES = np.random.default_rng(5).integers(0, 256, (130, 8, 8, 1), dtype=np.uint8)
LABELS = np.arange(130) % 10


@pytest.fixture
def folder(tmp_path):
    (tmp_path / MODEL).write_bytes(FORMATS["safetensors"].files(NETWORK)[MODEL])
    (tmp_path / NAME).write_bytes(dump_examples(Examples(images=IMAGES, labels=LABELS)))
    return tmp_path


def test_what_is_counted():
    """Of four images one gets another class, and one more has another score."""
    by_torch = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], np.float32)
    scores = np.array([[1, 0], [1, 2], [0, 1], [0, 1.25]], np.float32)
    found = Agreement.of(scores, by_torch, np.array([0, 1, 1, 0]))
    assert (found.images, found.same, found.turned, found.difference) == (4, 0.75, 0.5, 2)
    assert (found.accuracy, found.torch_accuracy) == (0.75, 0.5)


def by_reference(stream: str) -> np.ndarray:
    program = steps_of(replace(NETWORK, stream=stream))
    return np.stack([scores(program, image.astype(np.float32) / np.float32(255)) for image in IMAGES])


def by_torch() -> np.ndarray:
    images = torch.from_numpy(IMAGES).permute(0, 3, 1, 2) / 255
    with torch.no_grad():
        return NETWORK.net((images - NETWORK.mean[0]) / NETWORK.std[0]).numpy()


@pytest.mark.parametrize(
    "kind, stream, needed", [("c", "float32", "cc"), ("c", "float16", "cc"), ("onnx", "float32", "onnxruntime")]
)
def test_each_format_is_compared_as_it_runs(kind, stream, needed):
    if kind == "onnx":
        pytest.importorskip(needed)
    elif not shutil.which(needed):
        pytest.skip(f"{needed} is not installed")
    found = compare(FORMATS[kind], replace(NETWORK, stream=stream), Examples(images=IMAGES, labels=LABELS))
    expected = Agreement.of(by_reference(stream), by_torch(), LABELS)
    assert found is not None and found.same == expected.same > 0.9 and found.accuracy == expected.accuracy
    assert found.difference == pytest.approx(expected.difference, abs=1e-5)
    assert (found.difference > 1e-4) == (stream == "float16")
    assert found.torch_accuracy == expected.torch_accuracy == (by_torch().argmax(1) == LABELS).mean()


def test_the_command_prints_it_and_the_readme_says_it(folder, monkeypatch, capsys):
    agreement = Agreement(images=130, same=0.99, turned=0.01, difference=0.5, accuracy=0.5, torch_accuracy=0.25)
    monkeypatch.setattr(__main__, "compare", lambda *_: agreement)
    said = "the same class for 99.00% of 130 test images; scores differ by up to 0.5, by more than 0.001 for 1.00%; "
    said += "accuracy 50.00%, in PyTorch 25.00%"
    for stream, compared in {"float32": ["float32"], "float16": ["float32", "float16"], "none": []}.items():
        flags = ["--stream", stream] if compared else []
        if not compared:
            (folder / NAME).unlink()
        out = folder / stream
        monkeypatch.setattr(sys, "argv", ["export", str(folder), "--format", "c", "--out", str(out), *flags])
        run_command(__main__.main)
        assert capsys.readouterr().out.splitlines()[1:] == [f"{each} against PyTorch: {said}" for each in compared]
        rows = [line for line in (out / "README.md").read_text().splitlines() if "PyTorch" in line]
        assert rows == [f"| {each} against PyTorch | {said} |" for each in compared]


def test_without_a_compiler_nothing_is_compared(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert compare(FORMATS["c"], NETWORK, Examples(images=IMAGES, labels=LABELS)) is None


def flipped(content: bytes) -> bytes:
    return content[:-200] + bytes([content[-200] ^ 1]) + content[-199:]


def repacked(**changes: np.ndarray) -> bytes:
    return dump_examples(Examples(**{"images": IMAGES, "labels": LABELS, **changes}))


@pytest.mark.parametrize(
    "damage, said",
    [
        (lambda content: b"", "cannot be read"),
        (lambda content: content[:-1], "cannot be read"),
        (flipped, "is damaged"),
        (lambda content: content.replace(b'"labels"', b'"lapels"'), "cannot be read"),
        (lambda content: FORMATS["safetensors"].files(NETWORK)[MODEL], "cannot be read"),
        (lambda content: repacked(images=IMAGES[:, :7].copy()), "no images of the network beside it"),
        (lambda content: repacked(images=IMAGES[:129]), "no images of the network beside it"),
        (lambda content: repacked(images=IMAGES[:0], labels=LABELS[:0]), "no images of the network beside it"),
        (lambda content: repacked(labels=LABELS + 1), "no images of the network beside it"),
        (lambda content: repacked(labels=LABELS - 1), "no images of the network beside it"),
        (lambda content: repacked(labels=LABELS.astype(np.int32)), "no images of the network beside it"),
    ],
)
def test_damaged_images_are_refused(folder, damage, said):
    path = folder / NAME
    assert (read_examples(path, NETWORK).images == IMAGES).all()
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=f"{said}.*; remove it to export without a comparison with PyTorch") as error:
        read_examples(path, NETWORK)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_no_file_instead_of_images(folder, make):
    (folder / NAME).unlink()
    make(folder / NAME)
    with pytest.raises(InputError, match="remove it"):
        read_examples(folder / NAME, NETWORK)


def test_no_more_than_a_thousand_images_nor_8_mb_are_kept():
    counts = {shape: most_examples(shape) for shape in ((1, 8, 8), (3, 32, 32), (3, 224, 224), (3, 4096, 4096))}
    assert list(counts.values()) == [1000, 1000, 53, 1]

"""The classifier that load_packed returns, and python -m mobinet.predict."""

import shutil
import sys
import warnings
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from mobinet import load_packed, predict
from mobinet.export import FORMATS
from mobinet.export.packed import NAME
from mobinet.export.reference import scores
from mobinet.export.translate import steps_of
from mobinet.pictures import centre_of
from mobinet.predict import SHOWN, likely
from space import Architecture, InputError
from space.command import run_command
from tests.mobinet.export.networks import as_trained

NETWORK = as_trained(Architecture.uniform("mobilenet-8", block="mid", k=2, pool="avg"))
ENLARGED = replace(NETWORK, short_side=9)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / NAME).write_bytes(FORMATS["safetensors"].files(NETWORK)[NAME])
    return tmp_path


@pytest.fixture
def pictures(tmp_path):
    """Of other sizes than the network's; the short side becomes 9 pixels, then the centre is cropped."""
    paths = [tmp_path / "wide.png", tmp_path / "high.jpg"]
    for path, size in zip(paths, ((90, 50), (40, 70))):
        noise = np.random.default_rng(3).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        Image.fromarray(noise).save(path)
    return paths


def images(count: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, 8, 8, 1), dtype=np.uint8)


def by_reference(batch: np.ndarray) -> np.ndarray:
    program = steps_of(NETWORK)
    return np.stack([scores(program, image.astype(np.float32) / np.float32(255)) for image in batch])


@pytest.mark.usefixtures("compiled_as_for_users")
def test_compiled_scores_are_exact(folder):
    if not shutil.which("cc"):
        pytest.skip("cc is not installed")
    loaded, batch = load_packed(folder), images(3)
    assert (loaded.scores(batch) == by_reference(batch)).all()
    assert (loaded.by_torch(batch) != by_reference(batch)).any(), "so PyTorch did not stand in for the compiled C"
    best = by_reference(batch).argmax(1)
    assert loaded.predict(batch) == [NETWORK.classes[number] for number in best]
    assert loaded.scores(batch[:0]).shape == (0, 10)


def test_without_a_compiler_torch_runs(folder, monkeypatch):
    monkeypatch.setenv("PATH", "")
    batch = images(6)
    assert np.isclose(load_packed(folder).scores(batch), by_reference(batch), atol=5e-5, rtol=1e-4).all(1).sum() >= 5


def test_pictures_are_resized_and_cropped(folder, pictures):
    wide = Image.open(pictures[0]).convert("L").resize((16, 9), Image.Resampling.BILINEAR)  # 90 * 9 / 50 = 16.2
    (folder / NAME).write_bytes(FORMATS["safetensors"].files(ENLARGED)[NAME])
    found = load_packed(folder).scores(pictures)
    cropped = np.asarray(wide.crop((4, 0, 12, 8)), np.float32)[..., None] / np.float32(255)
    assert np.isclose(found[0], scores(steps_of(NETWORK), cropped), atol=5e-5).all()
    assert found.shape == (2, 10)
    seen = load_packed(folder).images(pictures)
    assert (seen[0] == np.asarray(wide.crop((4, 0, 12, 8)))[..., None]).all() and seen.shape == (2, 8, 8, 1)


def test_pictures_of_the_networks_size_are_taken_as_they_are(folder, tmp_path):
    batch = images(2)
    paths = [tmp_path / f"{number}.png" for number in range(2)]
    for path, image in zip(paths, batch):
        Image.fromarray(image[..., 0]).save(path)
    loaded = load_packed(folder)
    assert (loaded.scores(paths) == loaded.scores(batch)).all()


def test_other_images_are_refused(folder, tmp_path):
    loaded = load_packed(folder)
    for batch in (images(1)[:, :7], images(1).astype(np.float32), images(1).repeat(3, 3), images(1)[0]):
        with pytest.raises(InputError, match=r"the network takes uint8 \(N, 8, 8, 1\)"):
            loaded.scores(batch)
    with pytest.raises(InputError, match="give a list of pictures, not one.png alone"):
        loaded.scores("one.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match="cannot read the picture .*broken.png"):
        loaded.scores([tmp_path / "broken.png"])
    with pytest.raises(InputError, match="it is a folder; name the pictures in it"):
        loaded.scores([tmp_path])
    with pytest.raises(InputError, match="none.png: there is no such file"):
        loaded.scores([tmp_path / "none.png"])


def test_the_command_names_each_picture(folder, pictures, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["predict", str(folder), *map(str, pictures)])
    run_command(predict.main)
    lines = capsys.readouterr().out.splitlines()
    for line, path, name in zip(lines, pictures, load_packed(folder).predict(pictures), strict=True):
        assert line.startswith(f"{path}: {name} ") and line.count("%, ") == SHOWN - 1


def test_the_command_goes_on_after_a_broken_picture(folder, pictures, tmp_path, monkeypatch, capsys):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(pictures[1].read_bytes()[:200])
    wide, high = pictures
    monkeypatch.setattr(sys, "argv", ["predict", str(folder), str(wide), str(broken), "none\n.png", str(high)])
    with pytest.raises(SystemExit) as end:
        run_command(predict.main)
    said = capsys.readouterr()
    first, second = said.out.splitlines()
    cut, missing = said.err.splitlines()
    names = load_packed(folder).predict(pictures)
    assert first.startswith(f"{wide}: {names[0]} ") and second.startswith(f"{high}: {names[1]} ")
    assert cut.startswith(f"mobinas: cannot read the picture {broken}: ")
    assert missing == r"mobinas: cannot read the picture none\n.png: there is no such file"
    assert end.value.code == 2


def test_probabilities_are_a_softmax():
    """Odds of 6, 3 and 1 are 60 %, 30 % and 10 %; however high the scores are, and with few classes."""
    scores = np.log([1, 6, 3, 1e-3]).astype(np.float32)
    assert likely("abcd", scores) == likely("abcd", scores + 1000) == "b 60%, c 30%, a 10%"
    assert likely("ab", np.zeros(2, np.float32)) == "a 50%, b 50%", "the first of equals, as in predict"


def test_a_large_picture_is_read_without_a_warning_and_leaves_the_filters(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    Image.new("L", (12, 12)).save(tmp_path / "large.png")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        before = list(warnings.filters)
        centre_of(str(tmp_path / "large.png"), (1, 8, 8), 8)
        assert warnings.filters == before and not caught

"""Where images come from."""

from collections import Counter
from http.client import IncompleteRead
from urllib.error import URLError

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image
from sklearn.datasets import load_digits

from search.data.dataset import read_source
from search.data.source import held_out
from space import InputError


def contents(source) -> Counter:
    """Each image with its label, however often it is there."""
    return Counter((pixels.numpy().tobytes(), label) for pixels, label in zip(source.pixels, source.labels.tolist()))


@pytest.mark.parametrize("total, count", [(10, 3), (1497, 599), (5, 0), (5, 5)])
def test_held_out_parts_are_disjoint_complete_and_fixed(total, count):
    kept, held = held_out(total, count)
    assert len(held) == count
    assert sorted([*kept.tolist(), *held.tolist()]) == list(range(total))
    assert kept.tolist() == sorted(kept.tolist()) and held.tolist() == sorted(held.tolist())
    torch.manual_seed(5)
    assert all(torch.equal(a, b) for a, b in zip((kept, held), held_out(total, count)))


def test_digits_are_scikit_learns_and_their_test_images_are_apart():
    train, test = read_source("digits", "", "train"), read_source("digits", "", "test")
    assert (train.pixels.shape, test.pixels.shape) == ((1497, 1, 8, 8), (300, 1, 8, 8))
    assert train.pixels.dtype == torch.uint8 and train.classes == tuple("0123456789")
    images, labels = load_digits(return_X_y=True)
    scaled = np.array([[round(value * 255 / 16) for value in image] for image in images], np.uint8)
    assert contents(train) + contents(test) == Counter(zip((image.tobytes() for image in scaled), labels.tolist()))
    assert not contents(train) & contents(test)


class FakeCIFAR:
    """What torchvision's CIFAR10 looks like once it has read its files: (N, H, W, C) in numpy, labels in a list."""

    def __init__(self, root, train, download):
        rng = np.random.default_rng(int(train))
        self.data = rng.integers(0, 256, (7 if train else 3, 32, 32, 3), np.uint8)
        self.targets = [1, 0, 2, 1, 0, 2, 1][: len(self.data)]
        self.classes = ["cat", "dog", "owl"]


class FakeMNIST:
    """The same of torchvision's MNIST: (N, H, W) and labels in tensors."""

    def __init__(self, root, train, download):
        self.data = torch.arange(2 * 28 * 28).remainder(251).to(torch.uint8).view(2, 28, 28)
        self.targets = torch.tensor([4, 9])
        self.classes = [f"{i} - name" for i in range(10)]


@pytest.mark.parametrize("train, n", [(True, 7), (False, 3)])
def test_colour_images_become_channels_first(monkeypatch, train, n):
    monkeypatch.setattr(torchvision.datasets, "CIFAR10", FakeCIFAR)
    source, plain = read_source("cifar10", "x", "train" if train else "test"), FakeCIFAR("", train, False).data
    assert source.pixels.shape == (n, 3, 32, 32) and source.pixels.dtype == torch.uint8
    for image, channel, y, x in [(0, 0, 0, 1), (2, 2, 31, 0), (1, 1, 5, 17)]:
        assert source.pixels[image, channel, y, x] == plain[image, y, x, channel]
    assert source.labels.tolist() == [1, 0, 2, 1, 0, 2, 1][:n] and source.labels.dtype == torch.int64
    assert source.classes == ("cat", "dog", "owl")


def test_grey_images_get_a_channel(monkeypatch):
    monkeypatch.setattr(torchvision.datasets, "FashionMNIST", FakeMNIST)
    source = read_source("fashion-mnist", "x", "train")
    assert source.pixels.shape == (2, 1, 28, 28)
    assert torch.equal(source.pixels[1, 0], FakeMNIST("", True, False).data[1])
    assert source.labels.tolist() == [4, 9]


@pytest.mark.parametrize(
    "error", [URLError("no route to host"), RuntimeError("not\nfound"), TimeoutError(), IncompleteRead(b"")]
)
@pytest.mark.parametrize("name, kind", [("cifar10", "CIFAR10"), ("mnist", "MNIST")])
def test_what_is_absent_and_cannot_be_downloaded_is_one_clear_line(monkeypatch, tmp_path, name, kind, error):
    def download(self):
        raise error

    monkeypatch.setattr(getattr(torchvision.datasets, kind), "download", download)
    with pytest.raises(InputError) as found:
        read_source(name, str(tmp_path), "train")
    assert name in str(found.value) and "--data-dir" in str(found.value)
    assert len(str(found.value).splitlines()) == 1


@pytest.mark.parametrize("there", [(), ("data",), ("data", "data/MNIST")])
def test_a_download_that_fails_leaves_no_folders_behind(monkeypatch, tmp_path, there):
    def no_internet(*_, **__):
        raise URLError("no route to host")

    monkeypatch.setattr(torchvision.datasets.mnist, "download_and_extract_archive", no_internet)
    for name in there:
        (tmp_path / name).mkdir()
    with pytest.raises(InputError, match="mnist is .* cannot be downloaded"):
        read_source("mnist", str(tmp_path / "data"), "train")
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")} == {*there}


@pytest.mark.parametrize(
    "name, kind, file",
    [
        ("cifar10", "CIFAR10", "cifar-10-batches-py/data_batch_1"),
        ("mnist", "MNIST", "MNIST/raw/train-images-idx3-ubyte"),
    ],
)
def test_what_is_damaged_is_not_called_absent(monkeypatch, tmp_path, name, kind, file):
    def download(self):
        if name == "cifar10":  # torchvision downloads MNIST only where a file is missing
            raise URLError("no route to host")

    monkeypatch.setattr(getattr(torchvision.datasets, kind), "download", download)
    monkeypatch.setattr(torchvision.datasets.MNIST, "_check_exists", lambda self: True)
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_bytes(b"nothing of the kind")
    with pytest.raises(InputError, match=f"{name} is damaged or incomplete in {tmp_path}/.* and cannot be downloaded"):
        read_source(name, str(tmp_path), "train")


def test_unknown_data_set():
    with pytest.raises(InputError, match="'imagenet'.*digits"):
        read_source("imagenet", "", "train")


def save(path, value, mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, (10, 12), value).save(path)


def test_folder_with_train_and_val(tmp_path):
    for part, count in (("train", 4), ("val", 2)):
        for index in range(count):
            save(tmp_path / part / ("ant" if index % 2 else "bee") / f"{index}.png", (index, 0, 0))
    train, test = (read_source("imagefolder", str(tmp_path), part) for part in ("train", "test"))
    assert train.classes == test.classes == ("ant", "bee")
    assert [path.removeprefix(str(tmp_path)) for path in test.files] == ["/val/ant/1.png", "/val/bee/0.png"]
    assert not read_source("imagefolder", str(tmp_path), "validation").files
    assert len(train.files) == 4 and all("/train/" in path for path in train.files)
    assert train.labels.tolist() == [0, 0, 1, 1]


def test_a_validation_part_of_the_user_s_own(tmp_path):
    for part in ("Training", "valid", "test"):
        for name in ("ant", "bee"):
            save(tmp_path / part / name / f"{part}.png", 0)
    for part, folder in {"train": "Training", "validation": "valid", "test": "test"}.items():
        files = read_source("imagefolder", str(tmp_path), part).files
        assert files == tuple(f"{tmp_path}/{folder}/{name}/{folder}.png" for name in ("ant", "bee"))


def test_plain_folder_holds_a_fifth_out(tmp_path):
    for index in range(20):
        save(tmp_path / "ABC"[index % 3] / f"{index}.png", index, "L")
    train, test = (read_source("imagefolder", str(tmp_path), part) for part in ("train", "test"))
    assert (len(train.files), len(test.files)) == (16, 4)
    assert set(train.files) | set(test.files) == {str(path) for path in tmp_path.glob("*/*.png")}
    for source in (train, test):
        assert all(f"/{'ABC'[label]}/" in path for path, label in zip(source.files, source.labels.tolist()))


@pytest.mark.parametrize("layout", ["nowhere", "empty", "a class without images"])
def test_folder_that_cannot_be_used(tmp_path, layout):
    folder = tmp_path / "pictures"
    if layout != "nowhere":
        folder.mkdir()
    if layout == "a class without images":
        save(folder / "ant" / "0.png", 0)
        (folder / "bee").mkdir()
    with pytest.raises(InputError, match="pictures") as error:
        read_source("imagefolder", str(folder), "test")
    assert len(str(error.value).splitlines()) == 1

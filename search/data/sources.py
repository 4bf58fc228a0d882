"""Where images come from: the files and arrays of each data set, before any split."""

from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from search.data.catalog import DATASETS
from search.machine import own_cores
from space import InputError
from space.errors import first_line

TORCHVISION = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST", "cifar10": "CIFAR10", "cifar100": "CIFAR100"}
DIGITS_TEST = 300
FOLDER_TEST_SHARE = 0.2
SEED = 0


@dataclass(frozen=True, kw_only=True)
class Source:
    """Labelled images, either pixels in memory or files.

    Args:
        labels: int64 (N,).
        classes: name of each label.
        pixels: uint8 (N, c, h, w), or None.
        files: path of each image, where `pixels` is None.
    """

    labels: Tensor
    classes: tuple[str, ...]
    pixels: Tensor | None = None
    files: tuple[str, ...] = ()

    def take(self, index: Tensor) -> "Source":
        """The images at `index`, (n,)."""
        return Source(
            labels=self.labels[index],
            classes=self.classes,
            pixels=None if self.pixels is None else self.pixels[index],
            files=tuple(self.files[i] for i in index.tolist()) if self.files else (),
        )


def read_source(name: str, data_dir: str, *, train: bool) -> Source:
    """The training or the test images of a data set.

    Raises:
        InputError: the name is unknown, or the images are not there and cannot be downloaded.
    """
    if name not in DATASETS:
        raise InputError(f"no data set is called {name!r}; use one of {', '.join(DATASETS)}")
    return DATASETS[name].read(name, data_dir, train)


def read_digits(name: str, data_dir: str, train: bool) -> Source:
    """1,797 grey 8x8 images that come with scikit-learn (UCI, "Optical Recognition of Handwritten Digits")."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    pixels = torch.from_numpy(np.rint(images * (255 / 16)).astype(np.uint8)).view(-1, 1, 8, 8)
    source = Source(pixels=pixels, labels=torch.from_numpy(labels).long(), classes=tuple(map(str, range(10))))
    return source.take(held_out(len(pixels), DIGITS_TEST)[0 if train else 1])


def read_torchvision(name: str, data_dir: str, train: bool) -> Source:
    """A data set of torchvision, downloaded where it is missing."""
    from torchvision import datasets

    kind = getattr(datasets, TORCHVISION[name])
    try:
        found = kind(data_dir, train=train, download=False)
    except RuntimeError:
        try:
            found = kind(data_dir, train=train, download=True)
        except (OSError, RuntimeError, HTTPException) as error:
            reason = first_line(error)
            raise InputError(
                f"{name} is not under {data_dir} and cannot be downloaded ({reason}); name its folder with --data-dir"
            ) from None
    pixels = torch.as_tensor(found.data)
    pixels = pixels.unsqueeze(1) if pixels.ndim == 3 else pixels.permute(0, 3, 1, 2)
    return Source(pixels=pixels.contiguous(), labels=torch.as_tensor(found.targets), classes=tuple(found.classes))


def read_folder(name: str, data_dir: str, train: bool) -> Source:
    """DIR/train and DIR/test (or DIR/val), each with a folder a class; or such folders in DIR, a fifth held out."""
    folder = Path(data_dir)
    from torchvision.datasets import ImageFolder

    def read(part: Path) -> Source:
        try:
            found = ImageFolder(str(part))
        except OSError as error:
            reason = first_line(error)
            raise InputError(
                f"{part} holds no folder of images for each class ({reason}); name one with --data-dir"
            ) from None
        files, labels = zip(*found.samples)
        return Source(files=files, labels=torch.tensor(labels), classes=tuple(found.classes))

    if not (folder / "train").is_dir():
        whole = read(folder)
        test = round(len(whole.labels) * FOLDER_TEST_SHARE)
        return whole.take(held_out(len(whole.labels), test)[0 if train else 1])
    if train:
        return read(folder / "train")
    for name in ("test", "val"):
        if (folder / name).is_dir():
            return read(folder / name)
    raise InputError(f"{folder} has a folder train but neither test nor val; add one with the test images")


def held_out(total: int, count: int) -> tuple[Tensor, Tensor]:
    """Indices of the images kept and of `count` held out, by a fixed seed and each in ascending order."""
    order = torch.randperm(total, generator=torch.Generator().manual_seed(SEED))
    return order[count:].sort().values, order[:count].sort().values


def decoding_workers() -> int:
    """Processes that decode image files beside one training."""
    return min(8, own_cores())

"""Readers: each finds the training or the test images of a data set, or of several of one kind."""

from http.client import HTTPException
from pathlib import Path

import numpy as np
import torch

from search.data.from_files import FEW_FILES, PictureFiles
from search.data.in_memory import Pixels
from search.data.source import held_out
from space import InputError
from space.errors import first_line

DIGITS_TEST = 300
FOLDER_TEST_SHARE = 0.2


def read_digits(data_dir: str, train: bool) -> Pixels:
    """1,797 grey 8x8 images that come with scikit-learn (UCI, "Optical Recognition of Handwritten Digits")."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    pixels = torch.from_numpy(np.rint(images * (255 / 16)).astype(np.uint8)).view(-1, 1, 8, 8)
    source = Pixels(pixels=pixels, labels=torch.from_numpy(labels).long(), classes=tuple(map(str, range(10))))
    return source.take(held_out(len(pixels), DIGITS_TEST)[0 if train else 1])


def read_torchvision(data_dir: str, train: bool, *, name: str, kind: str) -> Pixels:
    """A data set of torchvision, downloaded where it is missing.

    Args:
        data_dir: where it is, or is downloaded to.
        train: whether its training images are asked for, or its test images.
        name: for messages.
        kind: its class in `torchvision.datasets`.

    Raises:
        InputError: it is not there and cannot be downloaded.
    """
    from torchvision import datasets

    dataset = getattr(datasets, kind)
    try:
        images = dataset(data_dir, train=train, download=False)
    except RuntimeError:
        try:
            images = dataset(data_dir, train=train, download=True)
        except (OSError, RuntimeError, HTTPException) as error:
            reason = first_line(error)
            raise InputError(
                f"{name} is not under {data_dir} and cannot be downloaded ({reason}); name its folder with --data-dir"
            ) from None
    pixels = torch.as_tensor(images.data)
    pixels = pixels.unsqueeze(1) if pixels.ndim == 3 else pixels.permute(0, 3, 1, 2)
    return Pixels(pixels=pixels.contiguous(), labels=torch.as_tensor(images.targets), classes=tuple(images.classes))


def read_folder(data_dir: str, train: bool, *, few: int = FEW_FILES) -> PictureFiles:
    """DIR/train and DIR/test (or DIR/val), each with a folder a class; or such folders in DIR, a fifth held out.

    `few` is of `PictureFiles`.

    Raises:
        InputError: there are no such folders.
    """
    folder = Path(data_dir)
    if not (folder / "train").is_dir():
        whole = _read_classes(folder, data_dir, few)
        test = round(len(whole.labels) * FOLDER_TEST_SHARE)
        return whole.take(held_out(len(whole.labels), test)[0 if train else 1])
    if train:
        return _read_classes(folder / "train", data_dir, few)
    for name in ("test", "val"):
        if (folder / name).is_dir():
            return _read_classes(folder / name, data_dir, few)
    raise InputError(f"{folder} has a folder train but neither test nor val; add one with the test images")


def _read_classes(part: Path, data_dir: str, few: int) -> PictureFiles:
    from torchvision.datasets import ImageFolder

    try:
        images = ImageFolder(str(part))
    except OSError as error:
        raise InputError(
            f"{part} holds no folder of images for each class ({first_line(error)}); name one with --data-dir"
        ) from None
    files, labels = zip(*images.samples)
    labels = torch.tensor(labels)
    return PictureFiles(folder=data_dir, files=files, labels=labels, classes=tuple(images.classes), few=few)

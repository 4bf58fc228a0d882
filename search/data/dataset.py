"""Data sets, split and shaped for a backbone.

The training images are split into train and validation by a fixed seed, alike in every study. Test images are a set
of their own, which only a retraining loads.
"""

import hashlib
import math
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import torch

from search.data.catalog import DATASETS
from search.data.from_files import Decoded, Files, decoded_by
from search.data.in_memory import Images
from search.data.preparation import Preparation, fit_shape
from search.data.sources import Source, decoding_workers, held_out, read_source
from search.data.split import Split
from space import InputError

IN_MEMORY_BYTES = 2**30
SAMPLE_BYTES = 2**27
FEW_FILES = 2048
"""One process decodes as many at once."""
SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """Training images for one backbone.

    Args:
        name: one of `DATASETS`.
        classes: name of each label.
        train, validation: disjoint parts of the training images.
        fingerprint: hexadecimal digest of the training images and labels.
    """

    name: str
    classes: tuple[str, ...]
    train: Split
    validation: Split
    fingerprint: str


@lru_cache(maxsize=1)
def load_dataset(name: str, *, data_dir: str, input_shape: tuple[int, int, int], validation: float) -> DataSet:
    """The training images of `name`, a share of `validation` of them held out; the last one asked for is kept.

    Raises:
        InputError: the data set is unknown, missing, or too small to be split.
    """
    source = read_source(name, data_dir, train=True)
    total = len(source.labels)
    count = round(total * validation)
    if not 0 < count < total or len(source.classes) < 2:
        raise InputError(
            f"{name} has {total} training images of {len(source.classes)} classes: too few to split; add images"
        )
    fingerprint = _fingerprint(source, data_dir)
    source = _decoded(source, input_shape)
    train, held = (source.take(index) for index in held_out(total, count))
    preparation = _preparation(name, train, input_shape)
    return DataSet(
        name=name,
        classes=source.classes,
        train=_split(train, preparation),
        validation=_split(held, preparation),
        fingerprint=fingerprint,
    )


def load_test(name: str, *, data_dir: str, dataset: DataSet) -> Split:
    """The test images that belong to `dataset`, labelled and prepared like its training images.

    Raises:
        InputError: there are none, or there are some of classes that `dataset` lacks.
    """
    preparation = dataset.train.preparation
    return _split(_decoded(_test_source(name, data_dir, dataset), preparation.input_shape), preparation)


def check_test(name: str, *, data_dir: str, dataset: DataSet) -> None:
    """Raise what `load_test` would about a folder, without opening a test image; other data sets come whole."""
    if name == "imagefolder":
        _test_source(name, data_dir, dataset)


def _test_source(name: str, data_dir: str, dataset: DataSet) -> Source:
    """Each part of a folder numbers its classes for itself: here they have the numbers of `dataset`."""
    source = read_source(name, data_dir, train=False)
    numbers = {label: number for number, label in enumerate(dataset.classes)}
    unknown = [label for label in source.classes if label not in numbers]
    if unknown:
        raise InputError(
            f"{data_dir} has test images of classes without training images ({', '.join(unknown[:SHOWN])}); "
            "name the folders of both parts alike"
        )
    renumbered = torch.tensor([numbers[label] for label in source.classes])
    return replace(source, labels=renumbered[source.labels], classes=dataset.classes)


def _decoded(source: Source, input_shape: tuple[int, int, int]) -> Source:
    """Image files of a small enough set, decoded once; anything else as it is."""
    channels, height, width = input_shape
    if source.pixels is not None or len(source.files) * channels * height * width > IN_MEMORY_BYTES:
        return source
    files = tuple(zip(source.files, source.labels.tolist()))
    decoded = Decoded(files=files, input_shape=input_shape)
    loader = torch.utils.data.DataLoader(
        decoded,
        sampler=[(index, None) for index in range(len(files))],
        batch_size=64,
        num_workers=decoding_workers() if len(files) > FEW_FILES else 0,
    )
    pixels = torch.cat([images for images, _ in decoded_by(loader)])
    return Source(pixels=pixels, labels=source.labels, classes=source.classes)


def _preparation(name: str, train: Source, input_shape: tuple[int, int, int]) -> Preparation:
    if train.pixels is None:  # the usual constants of ImageNet
        channels = input_shape[0]
        mean, std = (0.485, 0.456, 0.406)[:channels], (0.229, 0.224, 0.225)[:channels]
    else:
        count = SAMPLE_BYTES // (4 * math.prod(input_shape))
        sample = fit_shape(train.pixels[:count].float() / 255, input_shape)
        mean, std = tuple(sample.mean((0, 2, 3)).tolist()), tuple(sample.std((0, 2, 3)).clamp(min=1e-3).tolist())
    return Preparation(input_shape=input_shape, mean=mean, std=std, augmentation=DATASETS[name].augmentation)


def _split(source: Source, preparation: Preparation) -> Split:
    if source.pixels is not None:
        return Images(pixels=source.pixels, labels=source.labels, preparation=preparation)
    files = tuple(zip(source.files, source.labels.tolist()))
    return Files(files=files, preparation=preparation, workers=decoding_workers())


def _fingerprint(source: Source, data_dir: str) -> str:
    """Of the pixels, or of the names and sizes of the files."""
    digest = hashlib.sha256(source.labels.numpy().tobytes())
    if source.pixels is not None:
        digest.update(source.pixels.numpy().tobytes())
    for path in source.files:
        digest.update(f"{Path(path).relative_to(data_dir)}:{Path(path).stat().st_size};".encode())
    return digest.hexdigest()[:16]

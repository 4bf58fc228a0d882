"""Data sets, split and shaped for a backbone.

The training images are split into train and validation by a fixed seed, alike in every study. Test images are a set
of their own, which only a retraining loads.
"""

from dataclasses import dataclass
from functools import lru_cache

from search.data.catalog import DATASETS
from search.data.preparation import Preparation, Shape
from search.data.source import IN_MEMORY_BYTES, Source, held_out
from search.data.split import Split
from space import InputError

SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """Training images for one backbone.

    Args:
        name: one of `search.data.catalog.DATASETS`.
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
def load_dataset(
    name: str, *, data_dir: str, input_shape: Shape, validation: float, in_memory_bytes: int = IN_MEMORY_BYTES
) -> DataSet:
    """The training images of `name`, a share of `validation` of them held out; the last one asked for is kept.

    Args:
        name: one of `search.data.catalog.DATASETS`.
        data_dir: where it is.
        input_shape: (C, H, W) of the networks.
        validation: share of the images to hold out.
        in_memory_bytes: pictures that take more are decoded as they are needed.

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
    fingerprint = source.fingerprint
    source = source.decoded(input_shape, in_memory_bytes)
    train, held = (source.take(index) for index in held_out(total, count))
    mean, std = train.moments(input_shape)
    augmentation = DATASETS[name].augmentation
    preparation = Preparation(input_shape=input_shape, mean=mean, std=std, augmentation=augmentation)
    return DataSet(
        name=name,
        classes=source.classes,
        train=train.split(preparation),
        validation=held.split(preparation),
        fingerprint=fingerprint,
    )


def load_test(name: str, *, data_dir: str, dataset: DataSet, in_memory_bytes: int = IN_MEMORY_BYTES) -> Split:
    """The test images that belong to `dataset`, labelled and prepared like its training images.

    Raises:
        InputError: there are none, or there are some of classes that `dataset` lacks.
    """
    preparation = dataset.train.preparation
    source = _test_source(name, data_dir, dataset)
    return source.decoded(preparation.input_shape, in_memory_bytes).split(preparation)


def check_test(name: str, *, data_dir: str, dataset: DataSet) -> None:
    """Raise what `load_test` would about the classes of the test images, without opening one."""
    if DATASETS[name].own_classes:
        _test_source(name, data_dir, dataset)


def _test_source(name: str, data_dir: str, dataset: DataSet) -> Source:
    """Each part of a folder numbers its classes for itself: here they have the numbers of `dataset`."""
    source = read_source(name, data_dir, train=False)
    unknown = [label for label in source.classes if label not in dataset.classes]
    if unknown:
        raise InputError(
            f"{data_dir} has test images of classes without training images ({', '.join(unknown[:SHOWN])}); "
            "name the folders of both parts alike"
        )
    return source.renumbered(dataset.classes)


def read_source(name: str, data_dir: str, *, train: bool) -> Source:
    """The training or the test images of a data set.

    Raises:
        InputError: the name is unknown, or the images are not there and cannot be downloaded.
    """
    if name not in DATASETS:
        raise InputError(f"no data set is called {name!r}; use one of {', '.join(DATASETS)}")
    return DATASETS[name].read(data_dir, train)

"""The data sets, one entry each: all that a command has to know of one before it is read. Needs no torch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from search.recipe import Recipe
from space import InputError
from space.own_file import SUFFIX, load_file, own_part

if TYPE_CHECKING:
    from search.data.source import Source


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """Random changes of training images.

    Args:
        shift: largest shift, as a share of the image's side; what comes in at the border is black.
        flip: mirror half of the images.
    """

    shift: float = 0.0
    flip: bool = False

    def reach(self, height: int) -> int:
        """The largest shift of images of so many rows, in pixels."""
        return round(self.shift * height)


@dataclass(frozen=True, kw_only=True)
class DataSetEntry:
    """What is known of a data set before it is read.

    Args:
        reader: the name of a function in `search.data.readers`, from a folder and a part, ``train`` or ``test``, to a
            `Source`.
        options: further arguments of the reader.
        input_shape: (C, H, W) of the networks that fit its images.
        augmentation: of its training images.
        validation: share of the training images that a search judges networks on.
        recipes: by evaluator, how it trains on these images; ``full`` is that of `search.retrain`.
        published_as: the data set's name in `results.published`.
        in_folders: whether images are picture files in folders, see `search.data.folder`. Any may be unreadable; all
            are enlarged and cropped, see `mobinet.pictures.enlarged`. Each part names classes of its own, which may not
            be those of the training images; the reader knows a part ``validation``, which may be empty.
        own: whether it is from a file of the user's own.
    """

    reader: str
    options: Mapping[str, Any] = field(default_factory=dict)
    input_shape: tuple[int, int, int]
    augmentation: Augmentation
    validation: float
    recipes: Mapping[str, Recipe]
    published_as: str
    in_folders: bool = False
    own: bool = False

    @property
    def read(self) -> "Callable[[str, str], Source]":
        """The reader itself."""
        return partial(getattr(import_module("search.data.readers"), self.reader), **self.options)


_SMALL = {
    "proxy": Recipe(epochs=8, batch_size=128, learning_rate=0.01),
    "supernet": Recipe(epochs=100, batch_size=128, learning_rate=0.01),
    "full": Recipe(epochs=200, batch_size=128, learning_rate=0.005),
}


def _torchvision(name: str, kind: str, augmentation: Augmentation) -> DataSetEntry:
    return DataSetEntry(
        reader="read_torchvision",
        options={"name": name, "kind": kind},
        input_shape=(3, 32, 32),
        augmentation=augmentation,
        validation=0.1,
        recipes=_SMALL,
        published_as=name,
    )


DATASETS = {
    "digits": DataSetEntry(
        reader="read_digits",
        input_shape=(1, 8, 8),
        augmentation=Augmentation(),
        validation=0.4,
        recipes={
            "proxy": Recipe(epochs=12, batch_size=64, learning_rate=0.06),
            "supernet": Recipe(epochs=200, batch_size=64, learning_rate=0.015),
            "full": Recipe(epochs=120, batch_size=64, learning_rate=0.02),
        },
        published_as="digits",
    ),
    "mnist": _torchvision("mnist", "MNIST", Augmentation(shift=1 / 16)),
    "fashion-mnist": _torchvision("fashion-mnist", "FashionMNIST", Augmentation(shift=1 / 16, flip=True)),
    "cifar10": _torchvision("cifar10", "CIFAR10", Augmentation(shift=1 / 8, flip=True)),
    "cifar100": _torchvision("cifar100", "CIFAR100", Augmentation(shift=1 / 8, flip=True)),
    "imagefolder": DataSetEntry(
        reader="read_folder",
        input_shape=(3, 224, 224),
        augmentation=Augmentation(shift=1 / 8, flip=True),
        validation=0.2,
        recipes={
            "proxy": Recipe(epochs=8, batch_size=64, learning_rate=0.01),
            "supernet": Recipe(epochs=100, batch_size=64, learning_rate=0.01),
            "full": Recipe(epochs=120, batch_size=128, learning_rate=0.002),
        },
        published_as="imagenet",
        in_folders=True,
    ),
}
"""By the name that ``--dataset`` takes. A new data set is one entry, and a reader where none of these fits."""


def dataset_called(text: str) -> str:
    """The name that a user gives a data set by: one of `DATASETS`, or a file of one's own, which is run.

    A file holds ``INPUT_SHAPE``, (C, H, W), and a function ``images(data_dir, part)``, which gives uint8 images
    (N, C, H, W) and labels (N,), from 0 on, of a part, ``train`` or ``test``. ``CLASSES``, their names, and
    ``AUGMENTATION``, an `Augmentation`, are optional.

    Raises:
        InputError: there is no such data set, or the file cannot be used.
    """
    if not text.endswith(SUFFIX):
        find_dataset(text)
        return text
    name = load_file(text, taken=DATASETS)
    shape = own_part(name, "INPUT_SHAPE")
    sound = isinstance(shape, tuple) and len(shape) == 3 and all(type(side) is int and side > 0 for side in shape)
    if not callable(own_part(name, "images")) or not sound:
        raise InputError(f"{text} holds no data set: INPUT_SHAPE = (C, H, W) and images(data_dir, part)")
    classes = own_part(name, "CLASSES") or ()
    if not isinstance(classes, tuple | list) or not all(isinstance(each, str) for each in classes):
        raise InputError(f"{text}: CLASSES must be the names of the classes, such as ('cat', 'dog'), not {classes!r}")
    if not isinstance(own_part(name, "AUGMENTATION") or Augmentation(), Augmentation):
        raise InputError(f"{text}: AUGMENTATION must be a search.data.catalog.Augmentation")
    return name


def find_dataset(name: str) -> DataSetEntry:
    """The data set called `name`; raises InputError where there is none."""
    if name in DATASETS:
        return DATASETS[name]
    if own_part(name, "images"):
        return DataSetEntry(
            reader="read_own",
            options={"name": name},
            input_shape=own_part(name, "INPUT_SHAPE"),
            augmentation=own_part(name, "AUGMENTATION") or Augmentation(),
            validation=0.2,
            recipes=_SMALL,
            published_as=name,
            own=True,
        )
    raise InputError(f"no data set is called {name!r}; use one of {', '.join(DATASETS)}, or a .py file with one")

"""Data sets, split and shaped for a backbone.

The training images are split into train and validation by a fixed seed, alike in every study. Test images are a set
of their own, which only a retraining loads.
"""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

import torch

from mobinet.pictures import enlarged
from search.data.catalog import find_dataset
from search.data.preparation import Preparation
from search.data.source import Source, most_in_memory
from search.data.split import Split
from space import InputError
from space.errors import SHOWN, listed, printable
from space.image_sizes import Shape

FEWEST = 2
"""Training images of a class: one to train on, one to judge on."""


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """Training images for one backbone.

    Args:
        name: one of `search.data.catalog.DATASETS`.
        classes: name of each label.
        train, validation: disjoint parts of the training images.
        fingerprint: hexadecimal digest of the training images and labels.
        notes: what a user should know of the images, a line each.
        available: images that it could train on.
    """

    name: str
    classes: tuple[str, ...]
    train: Split
    validation: Split
    fingerprint: str
    notes: tuple[str, ...] = ()
    available: int

    def describe(self) -> str:
        """How many images there are, of which classes, in which parts, and how they are cropped; then the notes."""
        total, names = self.available + len(self.validation), printable(listed(self.classes))
        of = f" of {self.available:,}" if len(self.train) < self.available else ""
        counts = f"{len(self.train):,}{of} to train on, {len(self.validation):,} to judge on"
        head = f"{total:,} images of {len(self.classes):,} classes ({names}): {counts}"
        return "\n".join((head, *self._cropped(), *self.notes))

    def _cropped(self) -> tuple[str, ...]:
        """A line, where the images are pictures of any size."""
        if not find_dataset(self.name).in_folders:
            return ()
        _, height, width = shape = self.train.preparation.input_shape
        middle = f"the {height} x {width} pixels in the middle of each"
        return (f"networks see {middle}, after its short side is scaled to {enlarged(shape)}",)


@lru_cache(maxsize=1)
def load_dataset(
    name: str,
    *,
    data_dir: str,
    input_shape: Shape,
    validation: float,
    leave_out: tuple[str, ...] = (),
    train_images: int | None = None,
    in_memory_bytes: int | None = None,
) -> DataSet:
    """The training images of `name`, a share of `validation` of them held out; the last one asked for is kept.

    Args:
        name: one of `search.data.catalog.DATASETS`.
        data_dir: where it is.
        input_shape: (C, H, W) of the networks.
        validation: share of the images to hold out.
        leave_out: files that are passed over.
        train_images: about how many of those that are left to train on are used; None for all.
        in_memory_bytes: pictures that take more are decoded as they are needed; None for what the machine allows.

    Raises:
        InputError: the data set is unknown, missing, or too small to be split.
    """
    source = read_source(name, data_dir, "train").without(leave_out)
    own = source.take(torch.arange(0))
    if find_dataset(name).in_folders:
        own = read_source(name, data_dir, "validation")
        if len(own.labels) and not len((own := own.without(leave_out)).labels):
            raise InputError(f"no picture to judge on in {data_dir} can be read; remove their folder, or mend them")
    fingerprint = source.fingerprint
    if len(own.labels):
        kept, held = source, _numbered(own, source.classes, data_dir)
        fingerprint = sha256((fingerprint + held.fingerprint).encode()).hexdigest()[:16]
    else:
        kept, held = source.divided(validation, "validation")
    _check_classes(name, source, kept, held)
    missing = _missing(held)
    unjudged = (f"no pictures of {missing} to judge on: accuracies do not cover them",) if missing else ()
    notes = (*source.notes, *unjudged, *kept.repeated_in(held, "to judge on"))
    available = len(kept.labels)
    if train_images and train_images < available:
        kept, _ = kept.divided(1 - train_images / available, "proxy")
    limit = most_in_memory() if in_memory_bytes is None else in_memory_bytes
    train, validated = (part.decoded(input_shape, limit) for part in (kept, held))
    mean, std = train.moments(input_shape)
    augmentation = find_dataset(name).augmentation
    preparation = Preparation(input_shape=input_shape, mean=mean, std=std, augmentation=augmentation)
    return DataSet(
        name=name,
        classes=source.classes,
        train=train.split(preparation),
        validation=validated.split(preparation),
        fingerprint=fingerprint,
        notes=notes,
        available=available,
    )


def _check_classes(name: str, source: Source, kept: Source, held: Source) -> None:
    if len(source.classes) < 2:
        raise InputError(f"{name} has one class ({', '.join(source.classes)}); a classifier needs at least two")
    counts = torch.bincount(source.labels, minlength=len(source.classes))
    few = [label for label, count in zip(source.classes, counts) if count < FEWEST]
    if few or not len(kept.labels) or not len(held.labels):
        of = f" of {listed(few)}" if few else ""
        raise InputError(
            f"{name} has too few training images{of}; each class needs at least {FEWEST} beside those for the test"
        )


def load_test(name: str, *, data_dir: str, dataset: DataSet, leave_out: tuple[str, ...] = ()) -> Split:
    """The test images that belong to `dataset`, labelled and prepared like its training images.

    Args:
        name, data_dir, leave_out: as of `load_dataset`.
        dataset: the training images.

    Raises:
        InputError: there are none, or there are some of classes that `dataset` lacks.
    """
    return _prepared(_test_source(name, data_dir, dataset).without(leave_out), dataset.train.preparation)


def load_part(
    name: str,
    part: str,
    *,
    data_dir: str,
    classes: tuple[str, ...],
    preparation: Preparation,
    leave_out: tuple[str, ...] = (),
) -> Split:
    """All images of a part, for a network that was trained before.

    Args:
        name, data_dir, leave_out: as of `load_dataset`.
        part: as of `read_source`.
        classes: name of each of the network's outputs.
        preparation: how the network takes images.

    Raises:
        InputError: there are some of other classes, or the data set is unknown or missing.
    """
    source = read_source(name, data_dir, part).without(leave_out)
    if unknown := [label for label in source.classes if label not in classes]:
        raise InputError(
            f"{name} has classes that the network does not know ({listed(unknown)}); it knows {listed(classes)}"
        )
    return _prepared(source.renumbered(classes), preparation)


def _prepared(source: Source, preparation: Preparation) -> Split:
    return source.decoded(preparation.input_shape, most_in_memory()).split(preparation)


def check_test(name: str, *, data_dir: str, dataset: DataSet, needed: bool) -> tuple[str, ...]:
    """Look at the files of the test images; none is decoded. Returns what a user should know, a line each.

    Args:
        name, data_dir, dataset: as of `load_test`.
        needed: whether there have to be some; only then those of a file of one's own are looked at.

    Raises:
        InputError: there are none, or there are some of classes that `dataset` lacks.
    """
    entry = find_dataset(name)
    if not entry.in_folders and not (needed and entry.own):
        return ()
    test = _test_source(name, data_dir, dataset, needed=needed)
    missing = _missing(test) if len(test.labels) else ""
    notes = (f"no test pictures of {missing}",) if missing else ()
    return *notes, *read_source(name, data_dir, "train").repeated_in(test, "for the test")


def _missing(source: Source) -> str:
    """The classes without an image, in words."""
    there = set(source.labels.tolist())
    return listed([label for number, label in enumerate(source.classes) if number not in there])


def _test_source(name: str, data_dir: str, dataset: DataSet, *, needed: bool = True) -> Source:
    source = read_source(name, data_dir, "test")
    if needed and not len(source.labels):
        add = "give some" if find_dataset(name).own else "add a folder test beside train, with a folder for each class"
        raise InputError(f"{data_dir} has no test images; {add}")
    return _numbered(source, dataset.classes, data_dir)


def _numbered(source: Source, classes: tuple[str, ...], data_dir: str) -> Source:
    """Each part of a folder numbers its classes for itself: here they have the numbers of the training images."""
    unknown = [label for label in source.classes if label not in classes]
    if unknown:
        raise InputError(
            f"{data_dir} has images of classes without training images ({', '.join(unknown[:SHOWN])}); "
            "name the classes of all parts alike"
        )
    return source.renumbered(classes)


def read_source(name: str, data_dir: str, part: str) -> Source:
    """The images of a part of a data set: ``train``, ``test`` or, where it has its own parts, ``validation``.

    Raises:
        InputError: the name is unknown, or the images are not there and cannot be downloaded.
    """
    return find_dataset(name).read(data_dir, part)

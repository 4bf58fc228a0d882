"""Readers: each finds the training or the test images of a data set, or of several of one kind."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from search.data.folder import Part, find_pictures
from search.data.from_files import FEW_FILES, PictureFiles
from search.data.in_memory import Pixels
from search.data.source import held_out
from space import InputError
from space.errors import first_line
from space.own_file import files_of, own_part

DIGITS_TEST = 300
FOLDER_TEST_SHARE = 0.2


def read_digits(data_dir: str, part: str) -> Pixels:
    """1,797 grey 8x8 images that come with scikit-learn (UCI, "Optical Recognition of Handwritten Digits")."""
    spec = find_spec("sklearn")  # whose own reader loads all of it, for a second and more
    assert spec is not None and spec.origin is not None
    rows = np.loadtxt(Path(spec.origin).parent / "datasets" / "data" / "digits.csv.gz", delimiter=",")
    pixels = torch.from_numpy(np.rint(rows[:, :-1] * (255 / 16)).astype(np.uint8)).view(-1, 1, 8, 8)
    source = Pixels(pixels=pixels, labels=torch.from_numpy(rows[:, -1]).long(), classes=tuple(map(str, range(10))))
    return source.take(held_out(len(pixels), DIGITS_TEST)[0 if part == "train" else 1])


def read_torchvision(data_dir: str, part: str, *, name: str, kind: str) -> Pixels:
    """A data set of torchvision, downloaded where it is missing.

    Args:
        data_dir: where it is, or is downloaded to.
        part: ``train`` or ``test``.
        name: for messages.
        kind: its class in `torchvision.datasets`.

    Raises:
        InputError: it is not there and cannot be downloaded.
    """
    from torchvision import datasets

    dataset, train = getattr(datasets, kind), part == "train"
    folder = Path(data_dir, getattr(dataset, "base_folder", kind))
    try:
        images = dataset(data_dir, train=train, download=False)
    except Exception:  # each kind of damage has its own
        there = "is damaged or incomplete in" if folder.exists() else "is not in"
        made = [path for path in (folder / "raw", folder, Path(data_dir)) if not path.exists()]
        try:
            images = dataset(data_dir, train=train, download=True)
        except Exception as error:
            for path in made:
                with suppress(OSError):  # the download did not get so far, or has left a part in it
                    path.rmdir()
            reason = first_line(getattr(error, "reason", None) or error)
            raise InputError(
                f"{name} {there} {folder} and cannot be downloaded ({reason}); connect to the internet, or name the "
                "folder above another copy with --data-dir"
            ) from None
    pixels = torch.as_tensor(images.data)
    pixels = pixels.unsqueeze(1) if pixels.ndim == 3 else pixels.permute(0, 3, 1, 2)
    return Pixels(pixels=pixels.contiguous(), labels=torch.as_tensor(images.targets), classes=tuple(images.classes))


def read_folder(data_dir: str, part: str, *, few: int = FEW_FILES) -> PictureFiles:
    """A part of a folder of pictures, see `search.data.folder`; ``validation`` is empty where it has none of its own.

    Without a part ``test``, ``val`` is kept for the test; without parts, a fifth of the pictures is.

    Args:
        data_dir: the folder.
        part: ``train``, ``validation`` or ``test``.
        few: of `PictureFiles`.

    Raises:
        InputError: there are no such pictures.
    """
    looked = find_pictures(Path(data_dir))
    found = dict(looked.parts)
    ignored = (f"ignored beside the parts: {', '.join(looked.beside)}",) if looked.beside else ()

    def pictures(part: Part) -> PictureFiles:
        notes = (*_test_note(found), *ignored, *_skipped_note(part))
        labels = torch.tensor([label for _, label in part.pictures], dtype=torch.long)
        files = tuple(path for path, _ in part.pictures)
        return PictureFiles(folder=data_dir, files=files, labels=labels, classes=part.classes, notes=notes, few=few)

    if "whole" in found:
        train, test = pictures(found["whole"]).divided(FOLDER_TEST_SHARE, "test")
        kept = f"{len(test.files):,} of the {len(train.files) + len(test.files):,} pictures are kept for the test"
        train = replace(train, notes=(f"no folders train and test: {kept}", *train.notes))
        return {"train": train, "validation": train.take(torch.arange(0)), "test": test}[part]
    if "test" not in found and "validation" in found:
        found["test"] = found.pop("validation")
    return pictures(found[part]) if part in found else pictures(found["train"]).take(torch.arange(0))


def _test_note(found: Mapping[str, Part]) -> tuple[str, ...]:
    if "whole" in found:
        return ()
    names = {part: found[part].folder.name for part in found if part != "train"}
    if "test" not in names:
        return ("no folder test: the retraining will ask for one",)
    judged = f"{names['validation']} to judge on, " if "validation" in names else ""
    count = len(found["test"].pictures)
    return (
        f"from the folders {found['train'].folder.name} to train on, {judged}{names['test']} for the test "
        f"({count:,} pictures)",
    )


def _skipped_note(part: Part) -> tuple[str, ...]:
    if not part.skipped:
        return ()
    if len(part.skipped) == 1:
        return (f"skipped {part.skipped[0]}, which holds no picture",)
    return (f"skipped {len(part.skipped):,} files and folders that hold no pictures, such as {part.skipped[0]}",)


def read_own(data_dir: str, part: str, *, name: str) -> Pixels:
    """What the function ``images`` of the user's own file gives, see `search.data.catalog.dataset_called`.

    Raises:
        InputError: it fails, or gives something else.
    """
    path = files_of({"dataset": name})["dataset"].path
    try:
        images, labels = own_part(name, "images")(data_dir, part)
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {first_line(error)}"
        raise InputError(f"{path}: images({data_dir!r}, {part!r}) failed: {reason}") from error
    pixels, numbers = torch.as_tensor(images), torch.as_tensor(labels)
    whole = not (numbers.is_floating_point() or numbers.is_complex())
    if pixels.dtype != torch.uint8 or pixels.ndim != 4 or numbers.shape != pixels.shape[:1] or not whole:
        raise InputError(
            f"{path}: images must give uint8 (N, C, H, W) and whole labels (N,), not {pixels.dtype} "
            f"{tuple(pixels.shape)} and {numbers.dtype} {tuple(numbers.shape)}"
        )
    if pixels.shape[1:] != (shape := own_part(name, "INPUT_SHAPE")):
        raise InputError(f"{path}: images are {tuple(pixels.shape[1:])}, and INPUT_SHAPE = {shape}; state theirs")
    last = int(numbers.max()) if len(numbers) else -1
    classes = own_part(name, "CLASSES") or tuple(map(str, range(last + 1)))
    if len(numbers) and not 0 <= int(numbers.min()) <= last < len(classes):
        raise InputError(f"{path}: labels are from {int(numbers.min())} to {last}, for {len(classes)} classes")
    return Pixels(pixels=pixels.contiguous(), labels=numbers.long(), classes=tuple(classes))

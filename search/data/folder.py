"""A folder of pictures: which parts it has, which classes, and which of its files are pictures."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from space import InputError

PARTS = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation"),
    "test": ("test", "testing"),
}
"""What the folders of a part are called, in any case."""
PICTURES = (
    *(".avif", ".bmp", ".dib", ".gif", ".j2k", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm", ".pcx", ".pgm"),
    *(".png", ".pnm", ".ppm", ".tga", ".tif", ".tiff", ".webp"),
)
"""Endings of files that are opened, in any case."""
FOREIGN = frozenset({"__macosx", "thumbs.db", "desktop.ini"})
SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Part:
    """The pictures of one part.

    Args:
        folder: that holds the folders of its classes.
        classes: their names, in order.
        pictures: path and class number of each picture, in the order of names.
        skipped: files that are no pictures, and entries that other programs left.
    """

    folder: Path
    classes: tuple[str, ...]
    pictures: tuple[tuple[str, int], ...]
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PictureFolder:
    """What a folder holds.

    Args:
        folder: the whole.
        parts: by name, those of `PARTS` that are there; ``whole`` alone where the classes lie in the folder itself.
    """

    folder: Path
    parts: Mapping[str, Part] = field(default_factory=dict)


def find_pictures(folder: Path) -> PictureFolder:
    """Look at the names in `folder`; no file is opened.

    It holds a folder for each class, or ``train`` and perhaps ``val`` and ``test``, each with a folder for each class.
    Pictures may lie deeper within the folder of their class.

    Raises:
        InputError: it holds something else.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; name one with --data-dir")
    names = [entry.name for entry in _folders(folder)]
    found = {part: [name for name in names if name.lower() in known] for part, known in PARTS.items()}
    for several in (names for names in found.values() if len(names) > 1):
        raise InputError(f"{folder} holds {' and '.join(several)}, which are the same part; leave one")
    parts = {part: names[0] for part, names in found.items() if names}
    if not parts:
        return PictureFolder(folder=folder, parts={"whole": _part(folder)})
    if "train" not in parts:
        raise InputError(f"{folder} holds {' and '.join(parts.values())} but no train; add a folder train")
    return PictureFolder(folder=folder, parts={part: _part(folder / name) for part, name in parts.items()})


def _part(folder: Path) -> Part:
    skipped: list[str] = []
    pictures: list[tuple[str, int]] = []
    folders = _folders(folder)
    for number, entry in enumerate(folders):
        seen = {os.path.realpath(folder), os.path.realpath(folder.parent)}
        pictures += [(path, number) for path in _walk(entry.path, seen, skipped)]
    counts = [0] * len(folders)
    for _, number in pictures:
        counts[number] += 1
    _check_classes(folder, [entry.name for entry in folders], counts)
    with os.scandir(folder) as entries:
        skipped += [entry.path for entry in entries if not entry.is_dir() or _foreign(entry.name)]
    classes = tuple(entry.name for entry in folders)
    return Part(folder=folder, classes=classes, pictures=tuple(pictures), skipped=tuple(sorted(skipped)))


def _check_classes(folder: Path, names: list[str], counts: list[int]) -> None:
    if not names:
        raise InputError(f"{folder} holds no folders; pictures belong in a folder for each class")
    if empty := [name for name, count in zip(names, counts) if not count]:
        raise InputError(f"{folder} holds folders without pictures ({_listed(empty)}); remove them")
    below = [{entry.name.lower() for entry in _folders(folder / name)} for name in names]
    shared = set.intersection(*below)
    if len(names) == 1 and len(shared) > 1:
        raise InputError(f"the classes lie one folder deeper; use --data-dir {folder / names[0]}")
    if any(name in known for name in shared for known in PARTS.values()):
        raise InputError(
            f"each class of {folder} holds the same folders ({_listed(sorted(shared))}); turn it round: these outside, "
            "with a folder for each class in each"
        )


def _walk(folder: str, seen: set[str], skipped: list[str]) -> Iterator[str]:
    """The pictures in a folder and below, each folder once however many links lead to it."""
    real = os.path.realpath(folder)
    if real in seen:
        skipped.append(folder)
        return
    seen.add(real)
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        if _foreign(entry.name):
            skipped.append(entry.path)
        elif entry.is_dir():
            yield from _walk(entry.path, seen, skipped)
        elif entry.is_file() and entry.name.lower().endswith(PICTURES):
            yield entry.path
        else:
            skipped.append(entry.path)


def _folders(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted((e for e in entries if e.is_dir() and not _foreign(e.name)), key=lambda entry: entry.name)


def _foreign(name: str) -> bool:
    """Whether another program left it: hidden, or one of the known ones."""
    return name.startswith(".") or name.lower() in FOREIGN


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more

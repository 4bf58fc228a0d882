"""A folder of pictures: which parts it has, which classes, and which of its files are pictures."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from space import InputError
from space.errors import listed

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
        beside: folders beside the parts, which are ignored.
    """

    folder: Path
    parts: Mapping[str, Part] = field(default_factory=dict)
    beside: tuple[str, ...] = ()


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
    known = {part: [name for name in names if name.lower() in usual] for part, usual in PARTS.items()}
    for several in (names for names in known.values() if len(names) > 1):
        raise InputError(f"{folder} holds {' and '.join(several)}, which are the same part; leave one")
    parts = {part: names[0] for part, names in known.items() if names}
    others = [name for name in names if name not in parts.values()]
    if not parts or others and not ("train" in parts and _folders(folder / parts["train"])):
        _check_names(folder, names)
        return PictureFolder(folder=folder, parts={"whole": _part(folder)})
    if "train" not in parts:
        raise InputError(f"{folder} holds {' and '.join(parts.values())} but no train; add a folder train")
    found = {part: _part(folder / name) for part, name in parts.items()}
    return PictureFolder(folder=folder, parts=found, beside=tuple(others))


def _check_names(folder: Path, names: list[str]) -> None:
    """Raises InputError where folders are named like parts of a data set, and not like classes."""
    named = {name: part for name in names if _folders(folder / name) and (part := _part_meant(name))}
    if len(named) == len(names) and len({*named.values()}) > 1:
        order = [known[0] for known in PARTS.values()]
        pairs = ", ".join(f"{n} to {part}" for n, part in sorted(named.items(), key=lambda pair: order.index(pair[1])))
        raise InputError(f"{folder} seems to hold the parts of a data set; rename {pairs}")


def _part_meant(name: str) -> str:
    """The usual name of the part that a folder's name has among its words, as in ``seg_train``; empty without."""
    words = re.split(r"[_.-]+", name.lower())
    return next((known[0] for known in PARTS.values() if not {*known}.isdisjoint(words)), "")


def _part(folder: Path) -> Part:
    skipped: list[str] = []
    pictures: list[tuple[str, int]] = []
    folders = _folders(folder)
    classes = tuple(entry.name for entry in folders)
    for number, entry in enumerate(folders):
        seen = {os.path.realpath(folder), os.path.realpath(folder.parent)}
        pictures += [(path, number) for path in _walk(entry.path, seen, skipped)]
    counts = [0] * len(folders)
    for _, number in pictures:
        counts[number] += 1
    _check_classes(folder, classes, counts)
    with os.scandir(folder) as entries:
        skipped += [entry.path for entry in entries if entry.name not in classes]
    return Part(folder=folder, classes=classes, pictures=tuple(pictures), skipped=tuple(sorted(skipped)))


def _check_classes(folder: Path, names: Sequence[str], counts: list[int]) -> None:
    if not names:
        raise InputError(f"{folder} holds no folders; pictures belong in a folder for each class")
    below = {name: {entry.name.lower() for entry in _folders(folder / name)} for name in names}
    shared = set.intersection(*below.values())
    parts = {name for known in PARTS.values() for name in known}
    if len(names) == 1 and (len(shared) > 1 or shared & parts):
        raise InputError(f"the classes lie one folder deeper; use --data-dir {folder / names[0]}")
    if shared & parts or len(shared) > 1 and len(names) > 1:
        raise InputError(
            f"each class of {folder} holds the same folders ({listed(sorted(shared))}); turn it round: these outside, "
            "with a folder for each class in each"
        )
    for name, inner in below.items():
        if len(again := sorted(inner & {other.lower() for other in names})) > 1:
            raise InputError(
                f"{folder / name} holds folders that are called like the classes ({listed(again)}); if it is a second "
                "copy, move it away"
            )
    if empty := [name for name, count in zip(names, counts) if not count]:
        endings = sorted({path.suffix.lower() for name in empty for path in (folder / name).rglob("*.*")})
        there = f", but files that end in {listed(endings)}, which are not read" if endings else ""
        raise InputError(f"{folder} holds folders without pictures ({listed(empty)}){there}; fill or remove them")


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
        if _foreign(entry):
            skipped.append(entry.path)
        elif _is_folder(entry):
            yield from _walk(entry.path, seen, skipped)
        elif _is_file(entry) and entry.name.lower().endswith(PICTURES):
            yield entry.path
        else:
            skipped.append(entry.path)


def _folders(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted((e for e in entries if _is_folder(e) and not _foreign(e)), key=lambda entry: entry.name)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False


def _foreign(entry: os.DirEntry[str]) -> bool:
    """Whether another program left it, hidden or one of the known ones, or we did."""
    if entry.name.startswith(".") or entry.name.lower() in FOREIGN:
        return True
    return _is_folder(entry) and _holds_runs(entry.path)


def _holds_runs(folder: str) -> bool:
    """Whether it is a run of this program, or holds runs."""
    if os.path.exists(os.path.join(folder, "study.db")):
        return True
    with os.scandir(folder) as entries:
        if any(_is_folder(entry) and os.path.exists(os.path.join(entry.path, "study.db")) for entry in entries):
            return True
    return any(Path(folder).glob("retrain/*/*/summary.json"))

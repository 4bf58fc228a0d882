"""One process at a time in a folder."""

import os
from pathlib import Path
from typing import IO
from weakref import WeakSet

from space import InputError
from space.lock import hold
from space.writing import remove_temporaries


def lock(folder: Path) -> IO[str]:
    """An open file that no other process can lock until this one closes it or ends; the folder is made if need be.

    Temporary files that a killed process left are removed.

    Raises:
        InputError: another process has it, or nothing can be written there.
    """
    check_place(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = hold(folder / ".lock")
    except OSError as error:
        raise InputError(f"cannot write into {folder}: {error.strerror}; use another --out") from None
    if file is None:
        raise InputError(f"another process is at work in {folder}; wait for it, or use another --out")
    remove_temporaries(folder)
    _held.add(file)
    return file


def check_place(folder: Path) -> None:
    """Raises InputError where a file is in the place of a folder or of one above it; nothing is written."""
    there = next(path for path in (folder, *folder.absolute().parents) if os.path.exists(path))
    if not os.path.isdir(there):
        raise InputError(f"cannot write into {folder}: {there} is a file; move it away, or use another --out")


_held: WeakSet[IO[str]] = WeakSet()


def _release() -> None:
    """In a forked process, such as one that decodes images: the lock must not outlive the process that took it."""
    for file in _held:
        file.close()


os.register_at_fork(after_in_child=_release)

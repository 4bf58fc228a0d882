"""One process at a time in a folder."""

import fcntl
import os
from pathlib import Path
from typing import IO
from weakref import WeakSet

from results.files import remove_temporaries
from space import InputError


def lock(folder: Path) -> IO[str]:
    """An open file that no other process can lock until this one closes it or ends; the folder is made if need be.

    What a process that was killed left half written is removed.

    Raises:
        InputError: another process has it, or nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = open(folder / ".lock", "w")
    except OSError as error:
        raise InputError(f"cannot write into {folder}: {error.strerror}; use another --out") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise InputError(f"another process is at work in {folder}; wait for it, or use another --out") from None
    remove_temporaries(folder)
    _held.add(file)
    return file


_held: WeakSet[IO[str]] = WeakSet()


def _let_go() -> None:
    """A copy of this process, such as one that decodes images, must not hold on when this one is killed."""
    for file in _held:
        file.close()


os.register_at_fork(after_in_child=_let_go)

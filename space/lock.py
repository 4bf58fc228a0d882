"""A lock on a file: one process has it, until it ends."""

import fcntl
import os
import stat
from pathlib import Path
from typing import IO

from space.errors import InputError


def hold(path: Path) -> IO[str] | None:
    """The file, open, which no other process can hold until this one closes it or ends; None where another has it.

    It is made where it is missing, and stays.

    Raises:
        InputError: it is something else than a file.
        OSError: it cannot be written.
    """
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK, 0o666), "w")
    try:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise InputError(f"{path} is not a file; remove it")
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    except (InputError, OSError):
        file.close()
        raise
    return file

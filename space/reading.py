"""Files that a user names, as text."""

import stat
from pathlib import Path

from space.errors import InputError

LARGEST = 2**28
"""Bytes. The tables of a search of 100,000 trials take less."""


def read_input(path: Path) -> str:
    """The text of a file in UTF-8. Raises InputError where it is no file, far too large, or no text."""
    try:
        state = path.stat()
        if not stat.S_ISREG(state.st_mode):
            raise InputError(f"{path} is not a file")
        if state.st_size > LARGEST:
            raise InputError(f"{path} has {state.st_size:,} bytes, which is far too much; name another file")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not text in UTF-8; save it so, or name another file") from None

"""Files that a user names, as text."""

import stat
import tomllib
from pathlib import Path
from typing import Any

from space.errors import InputError

LARGEST = 2**28
"""Bytes. The tables of a search of 100,000 trials take less."""


def expanded(text: str | Path) -> Path:
    """A path that may begin with ``~`` or ``~name``. Raises InputError where there is no such home directory."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise InputError(f"{text}: there is no such home directory; write out the path") from None


def read_input(path: Path) -> str:
    """The text of a file in UTF-8. Raises InputError where it is no file, far too large, or no text."""
    try:
        if (size := size_of(path)) > LARGEST:
            raise InputError(f"{path} has {size:,} bytes, which is far too much; name another file")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not text in UTF-8; save it so, or name another file") from None


def read_toml(path: Path) -> dict[str, Any]:
    """What a TOML file holds. Raises InputError where it cannot be read, or is no TOML."""
    text = read_input(path)
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not TOML: {error}") from None


def size_of(path: Path) -> int:
    """Bytes of a file. Raises InputError where it is something else, such as a pipe, whose reader would wait."""
    try:
        state = path.stat()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    if not stat.S_ISREG(state.st_mode):
        raise InputError(f"{path} is not a file")
    return state.st_size

"""Files that are written whole or not at all."""

import os
import re
from pathlib import Path


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write under a temporary name beside `path`, then rename; folders are made as needed. An OSError names `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_of(path)
    try:
        with open(temporary, "wb") as file:
            file.write(content.encode(errors="backslashreplace") if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from None
    finally:
        temporary.unlink(missing_ok=True)


def temporary_of(path: Path) -> Path:
    """The name of `path` while this process writes it."""
    return path.with_name(f".{path.name}.{os.getpid()}.mobinas")


def remove_temporaries(folder: Path) -> None:
    """Remove the unfinished files that killed processes left in a folder, with SQLite's journals."""
    for path in folder.iterdir():
        if re.fullmatch(r"\..+\.\d+\.mobinas(-journal)?", path.name) and path.is_file():
            path.unlink(missing_ok=True)

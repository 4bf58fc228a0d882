"""JSON files, and digests of files."""

import hashlib
import json
from pathlib import Path
from typing import Any

from space import InputError
from space.reading import read_input
from space.writing import write_atomic

SUMS = "SHA256SUMS"
SCHEMA = 1
"""Of the JSON files that commands write."""


def write_json(path: Path, content: Any) -> None:
    write_atomic(path, json.dumps(content, indent=2) + "\n")


def read_json(path: Path) -> Any:
    """The content of a JSON file. Raises InputError where it cannot be read or is not JSON."""
    text = read_input(path)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON: {error}") from None


def write_sums(folder: Path, *names: str) -> None:
    """Write the digests of those files that exist into ``SHA256SUMS``, which ``sha256sum -c`` reads."""
    digests = [(_sum(folder / name), name) for name in names if (folder / name).exists()]
    write_atomic(folder / SUMS, "".join(f"{digest}  {name}\n" for digest, name in digests))


def check_sums(folder: Path, *names: str) -> None:
    """Raises InputError where a file differs from its digest in ``SHA256SUMS``; a file without one is not checked."""
    path = folder / SUMS
    if not path.exists():
        return
    lines = path.read_bytes().decode("utf-8", "replace").splitlines()
    expected = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    for name in names:
        file = folder / name
        if file.exists() and name in expected and expected[name] != _sum(file):
            raise InputError(
                f"{file} was changed since it was written (see {SUMS}); remove it and repeat the command that wrote it"
            )


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def field_of(content: Any, name: str, kind: type, path: Path) -> Any:
    """A field of what a search wrote. Raises InputError, which names `path`, where it is missing or of another kind."""
    value = content.get(name) if isinstance(content, dict) else None
    fits = isinstance(value, int | float if kind is float else kind)
    if not fits or isinstance(value, bool):
        raise InputError(f"{path} is not what a search writes: it lacks the field {name}")
    return value

"""A Python file of the user's own, with a family of networks, a data set, or both.

It is run only where the user names it, and in the processes that work for the one where that was done.
"""

import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

from space.errors import InputError, first_line
from space.reading import expanded, read_input

SUFFIX = ".py"
HOLDS = {"space": "FAMILY", "dataset": "images"}
"""What a file defines, by the flag that names it."""


@dataclass(frozen=True)
class OwnFile:
    """A file as it was when it was named. To unpickle it is to run it, so that worker processes have what it holds.

    Args:
        path: where it was.
        source: its text.
    """

    path: str
    source: str

    @property
    def name(self) -> str:
        """Of its family or data set: ``my-net`` for ``my_net.py``."""
        return Path(self.path).stem.replace("_", "-")

    @property
    def digest(self) -> str:
        """Sixteen hexadecimal digits."""
        return sha256(self.source.encode()).hexdigest()[:16]

    def __reduce__(self) -> tuple[Any, tuple[str, str]]:
        return _run, (self.path, self.source)


_files: dict[str, OwnFile] = {}
_modules: dict[str, ModuleType] = {}


def load_file(path: str, *, taken: Collection[str]) -> str:
    """Run a file, unless it was run in this process before, and return the name of what it holds.

    Args:
        path: of the file.
        taken: names of what is no file's.

    Raises:
        InputError: it cannot be read or run, or its name is taken or was another file's before.
    """
    place = expanded(path)
    file = OwnFile(str(place.absolute()), read_input(place))
    if not Path(path).stem.isidentifier() or file.name in taken:
        problem = "names another one here" if file.name in taken else "is no name"
        raise InputError(f"{path}: {file.name} {problem}; call the file otherwise, by letters, digits and _")
    return _run(file.path, file.source).name


def own_files() -> tuple[OwnFile, ...]:
    """All that were run in this process."""
    return tuple(_files.values())


def own_part(name: str, part: str) -> Any:
    """What the file of this name calls `part`; None where there is no such file, or it has none."""
    return getattr(_modules.get(name), part, None)


def files_of(names: Mapping[str, str]) -> dict[str, OwnFile]:
    """Of names by the flag that chose them, such as ``{"space": "my-net"}``, the files that hold these."""
    return {flag: _files[name] for flag, name in names.items() if own_part(name, HOLDS[flag])}


def check_digests(digests: Mapping[str, str], names: Mapping[str, str], where: object) -> None:
    """Raises InputError where a file of `names` (see `files_of`) is not the one of `digests`, which `where` states."""
    for flag, file in files_of(names).items():
        if digests.get(flag, file.digest) != file.digest:
            raise InputError(f"{where} was made with another {file.path}; put that one back")


def _run(path: str, source: str) -> OwnFile:
    file = OwnFile(path, source)
    if file.name in _files:
        if _files[file.name].digest != file.digest:
            raise InputError(f"{path} is not the file of this name that this process has run; start a new process")
        return file
    module = sys.modules[f"own_{file.name}"] = ModuleType(f"own_{file.name}")  # dataclasses look it up
    module.__file__ = path
    try:
        exec(compile(source, path, "exec"), module.__dict__)
    except (Exception, SystemExit) as error:
        raise InputError(f"{path} cannot be run: {type(error).__name__}: {first_line(error)}") from error
    _files[file.name], _modules[file.name] = file, module
    return file

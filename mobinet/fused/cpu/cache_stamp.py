"""When Numba compiles the kernels again: as soon as any file of `mobinet/fused/` changes.

By itself Numba looks only at the file of the function, not at the files whose functions it calls. Numba lets a program
name its own cache locators (NUMBA_CACHE_LOCATOR_CLASSES in its manual). These are Numba's own, in their order, with
another stamp; they apply to our kernels alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from numba import config
from numba.core.caching import InTreeCacheLocator, UserProvidedCacheLocator, UserWideCacheLocator


def digest_of(folder: Path) -> bytes:
    """Of every Python file below a folder: its path in there and its content."""
    digest = sha256()
    for path in sorted(folder.rglob("*.py")):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.digest()


SOURCES = digest_of(Path(__file__).parents[1])


class _Stamp:
    def get_source_stamp(self) -> bytes:
        return SOURCES


class NamedFolder(_Stamp, UserProvidedCacheLocator):
    """The folder that NUMBA_CACHE_DIR names."""


class BesideSources(_Stamp, InTreeCacheLocator):
    """`__pycache__`."""


class UserFolder(_Stamp, UserWideCacheLocator):
    """The user's cache, where `__pycache__` cannot be written."""


_LOCATORS = ",".join(f"{__name__}.{kind.__name__}" for kind in (NamedFolder, BesideSources, UserFolder))


@contextmanager
def stamped_by_all_sources() -> Iterator[None]:
    """Functions that are decorated within it are compiled again when a source file of ours changes."""
    before, config.CACHE_LOCATOR_CLASSES = config.CACHE_LOCATOR_CLASSES, _LOCATORS
    try:
        yield
    finally:
        config.CACHE_LOCATOR_CLASSES = before

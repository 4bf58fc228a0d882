"""Looks at every picture of a folder before anything is trained, so that a broken one costs a minute and no epochs."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tqdm import tqdm

from mobinet.pictures import Unreadable, as_seen, opened
from search.data.catalog import find_dataset
from search.data.folder import find_pictures
from search.data.pictures import Broken
from search.machine import cores
from space import InputError
from space.errors import first_line

MANY = 2000
"""From so many pictures on there is a progress bar."""
SHOWN = 5
SMALL = (64, 64)
"""JPEG files are decoded at about this size, which reads them to their end in a quarter of the time."""


def check_pictures(name: str, data_dir: str, *, skip: bool) -> tuple[str, ...]:
    """The pictures of a data set that cannot be read, of all its parts; none for a data set that is no folder of them.

    Args:
        name: one of `search.data.catalog.DATASETS`.
        data_dir: where it is.
        skip: whether to go on without them.

    Raises:
        InputError: there are some, and they are not to be skipped; or the folder cannot be used.
    """
    if not find_dataset(name).in_folders:
        return ()
    paths = [path for part in find_pictures(Path(data_dir)).parts.values() for path, _ in part.pictures]
    broken = list(_broken(paths))
    if broken and not skip:
        reasons = "; ".join(f"{one.path} ({one.reason})" for one in broken[:SHOWN])
        more = f"; and {len(broken) - SHOWN:,} more" if len(broken) > SHOWN else ""
        raise InputError(
            f"{len(broken):,} of {len(paths):,} pictures cannot be read: {reasons}{more}; remove them, or leave them "
            "out with --skip-broken"
        )
    return tuple(one.path for one in broken)


def _broken(paths: list[str]) -> Iterator[Broken]:
    with ThreadPoolExecutor(cores()) as threads:
        looked = threads.map(_look, paths)
        bar = tqdm(looked, total=len(paths), desc="looking at pictures", unit="", disable=len(paths) < MANY or None)
        yield from (found for found in bar if found)


def _look(path: str) -> Broken | None:
    try:
        with opened(path) as image:
            image.draft("RGB", SMALL)
            as_seen(image)
    except Unreadable as error:
        return Broken(path, first_line(error))
    return None

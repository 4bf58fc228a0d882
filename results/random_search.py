"""random.json: how the front of random search would have grown in place of the sampler's."""

import sys
from dataclasses import asdict
from pathlib import Path

from results.files import read_json, write_json
from results.progress import Progress
from space import InputError

FILE = "random.json"
LARGEST = sys.float_info.max


def write_random(folder: Path, progress: Progress | None) -> None:
    """Write the file into the folder of a run; where this is not known, remove what another study left there."""
    if progress:
        write_json(folder / FILE, asdict(progress))
    else:
        (folder / FILE).unlink(missing_ok=True)


def read_random(folder: Path) -> Progress | None:
    """What the file holds; None where it is missing, as in runs of earlier versions, or was changed."""
    try:
        content = read_json(folder / FILE)
    except InputError:
        return None
    return Progress(**content) if _is_progress(content) else None


def _is_progress(content: object) -> bool:
    names = Progress.__dataclass_fields__.keys()
    if not isinstance(content, dict) or content.keys() != names:
        return False
    columns = [content[name] for name in names]
    if not all(isinstance(column, list) and len(column) == len(columns[0]) > 0 for column in columns):
        return False
    return all(type(number) in (int, float) and 0 <= number <= LARGEST for column in columns for number in column)

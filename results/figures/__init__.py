"""Figures for papers, by matplotlib: the records that the page shows, drawn a second time."""

from importlib.util import find_spec
from pathlib import Path

from space import InputError

FORMATS = "svg", "png", "pdf"


def require_matplotlib(flag: str) -> None:
    """Raises InputError, which names the flag that a user gave, where matplotlib is missing."""
    if not find_spec("matplotlib"):
        raise InputError(f"{flag} needs the package matplotlib: pip install -e '.[figures]'")


def format_of(path: Path, flag: str) -> str:
    """The format that the name of a file asks for. Raises InputError where there is none, or matplotlib is missing."""
    form = path.suffix.removeprefix(".")
    if form not in FORMATS:
        raise InputError(f"{flag} {path}: the name of a figure must end in .{', .'.join(FORMATS)}")
    require_matplotlib(flag)
    return form

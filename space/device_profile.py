"""Limits of a device: what its memory holds."""

import sys
from pathlib import Path

from space.errors import InputError
from space.objective import OBJECTIVES, Seconds, read_latency
from space.reading import expanded, read_toml

OWN = Path(__file__).parent / "devices"
PROFILES = tuple(sorted(path.stem for path in OWN.glob("*.toml")))
"""Those that come with the tool."""
LARGEST = sys.float_info.max


def read_profile(name: str) -> dict[str, float]:
    """The limits of a profile, by the name of their objective.

    A file holds ``max-bytes = 200000``, ``max-ram = 64000`` and the like, and may say in ``source`` where from.

    Args:
        name: one of `PROFILES`, or the path of a TOML file.

    Raises:
        InputError: there is none, or it holds anything else.
    """
    if name in PROFILES:
        path = OWN / f"{name}.toml"
    elif name.endswith(".toml"):
        path = expanded(name)
    else:
        raise InputError(f"--device-profile {name} is neither one of {', '.join(PROFILES)} nor a .toml file")
    content = read_toml(path)
    content.pop("source", None)
    known = {objective.flag.removeprefix("--"): objective.name for objective in OBJECTIVES.values()}
    limits = {}
    for field, value in content.items():
        if field not in known:
            raise InputError(f"{path} has the field {field}; a profile has source and {', '.join(known)}")
        if field == "max-latency" and isinstance(value, str):
            try:
                value = read_latency(value)
            except ValueError as error:
                raise InputError(f"{path}: {field}: {error}") from None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= LARGEST:
            raise InputError(f"{path}: {field} is a number above 0, and at most {LARGEST:g}")
        limits[known[field]] = value if isinstance(value, Seconds) else float(value)
    if not limits:
        raise InputError(f"{path} limits nothing; give {', '.join(known)}")
    return limits

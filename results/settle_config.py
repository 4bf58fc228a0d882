"""The settings of a run hold: a search that resumes it has the same, or is told what differs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from results.files import write_json
from results.run_config import FREE_TO_CHANGE, RunConfig, read_config
from results.settings import IN_WORDS, flat, in_words, shown
from space import InputError

SHOWN = 5
FOLLOWING = "reference.", "latency."
"""Fields that follow from others, but for those in `IN_WORDS`."""


def settle_config(folder: Path, config: RunConfig) -> None:
    """Write ``config.json`` where there is none; else compare `config` with it.

    Raises:
        InputError: the run in `folder` was begun with other settings; the message lists them.
    """
    path = folder / "config.json"
    if not path.exists():
        write_json(path, config.to_dict())
        return
    there, here = flat(read_config(folder).to_dict()), flat(config.to_dict())
    names = [
        name
        for name in sorted(there.keys() | here.keys(), key=lambda name: (name not in IN_WORDS, name))
        if name.partition(".")[0] not in FREE_TO_CHANGE and there.get(name) != here.get(name)
    ]
    differences = [
        f"{in_words(name, there.get(name))} there and {shown(here.get(name))} here"
        for name in _telling(names, there, here)
    ]
    if differences:
        differences[SHOWN:] = [f"{len(differences) - SHOWN} more"] if len(differences) > SHOWN else []
        raise InputError(
            f"{folder} was begun with other settings: {'; '.join(differences)}; repeat those, or use another --out"
        )


def _telling(names: list[str], there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """Those of the `names` that a user gave, or all where there are none."""
    both = all("latency.values" in settings for settings in (there, here))
    told = [n for n in names if not n.startswith(FOLLOWING) or (both and n in IN_WORDS)]
    return told or names

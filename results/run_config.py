"""config.json: every setting of a run, fixed when it begins."""

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from results.files import read_json, write_json
from results.tables import SCHEMA
from space import InputError

RUN_ON = ("data_dir", "device", "workers", "time_limit", "backend", "address", "cpus_per_trial", "gpus_per_trial")
FREE_TO_CHANGE = (*RUN_ON, "space", "versions")
SINCE = {"evaluator": "proxy", "fidelity": "full"}
"""What runs were made with before there was such a setting."""
SHOWN = 5
SPOKEN = {"fingerprint": "fingerprint of the training images"}
_PACKAGES = ("mobinas", "torch", "torchvision", "optuna", "fvcore", "numpy")


def settle_config(folder: Path, config: dict[str, Any]) -> None:
    """Write ``config.json`` where there is none; else hold `config` against it.

    Raises:
        InputError: the run in `folder` was begun with other settings; the message lists them.
    """
    path = folder / "config.json"
    if not path.exists():
        write_json(path, config)
        return
    stored = read_json(path)
    if not isinstance(stored, dict) or stored.get("schema") != SCHEMA:
        raise InputError(f"{path} is not of schema {SCHEMA}; use another --out")
    there, here = _flat(SINCE | stored), _flat(SINCE | config)
    differences = [
        f"{SPOKEN.get(name, name)} {there.get(name)} there and {here.get(name)} here"
        for name in sorted(there.keys() | here.keys())
        if name.partition(".")[0] not in FREE_TO_CHANGE and there.get(name) != here.get(name)
    ]
    if differences:
        differences[SHOWN:] = [f"{len(differences) - SHOWN} more"] if len(differences) > SHOWN else []
        raise InputError(
            f"{folder} was begun with other settings: {'; '.join(differences)}; repeat those, or use another --out"
        )


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    """Nested settings by dotted names."""
    found = {}
    for name, value in settings.items():
        nested = _flat(value) if isinstance(value, dict) else None
        found |= {f"{name}.{inner}": v for inner, v in nested.items()} if nested else {name: value}
    return found


def versions() -> dict[str, str]:
    """The versions a result depends on."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            pass
    return found

"""The settings of a run hold: a search that resumes it has the same, or is told what differs."""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from results.files import write_json
from results.run_config import FREE_TO_CHANGE, RunConfig, read_config
from space import InputError
from space.objective import OBJECTIVES

SHOWN = 5
IN_WORDS = {
    "fingerprint": "fingerprint of the training images",
    "recipe.epochs": "--epochs",
    "proxy_images": "--proxy-images",
    "width": "--width",
    "seed": "--seed",
    "objective": "--cost",
    "metric": "--metric",
    "class_weights": "--class-weights",
    "enqueued": "the networks of --enqueue and --from:",
    **{f"limits.{objective.name}": objective.flag for objective in OBJECTIVES.values()},
    "max_ops": "--max-ops",
    "digests.space": "digest of the --space file",
    "digests.dataset": "digest of the --dataset file",
    "latency.target": "the target of --latency",
    "latency.machine": "the machine of --latency",
    "latency.values": "the latencies of --latency, by their digest,",
}
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
        f"{IN_WORDS.get(name, name)} {shown(there.get(name))} there and {shown(here.get(name))} here"
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


def shown(value: Any) -> Any:
    """A setting in words; networks by their number and digest."""
    if isinstance(value, list) and all(isinstance(each, dict) for each in value):
        digest = sha256(json.dumps(value).encode()).hexdigest()[:6]
        return f"{len(value)} (digest {digest})" if value else "none"
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return "not given" if value is None else value


def flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Nested settings by dotted names."""
    found = {}
    for name, value in settings.items():
        if value == {}:
            continue
        nested = flat(value) if isinstance(value, dict) else None
        found |= {f"{name}.{inner}": v for inner, v in nested.items()} if nested else {name: value}
    return found

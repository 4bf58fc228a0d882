"""The settings of a run in words: all with their units, for the report; single ones, for messages."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from results.run_config import RunConfig
from results.words import duration, many
from space.objective import OBJECTIVES

PATHS = "data_dir", "files", "latency_table"
"""Settings of this machine, which do not belong in what is passed on."""
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
"""Of settings by their dotted names, see `flat`: the flag that chose each, or what it is."""


def settings_of(config: RunConfig) -> dict[str, str]:
    """Every setting and every version by its name in ``config.json``; those that are not set are left out."""
    left_out = {"genes", *PATHS}
    stated = {
        name: _with_unit(name, value, config)
        for name, value in config.to_dict().items()
        if name not in left_out and value not in (None, {}, [])
    }
    return {"genes": f"{len(config.genes)}, in config.json", **stated}


def _with_unit(name: str, value: Any, config: RunConfig) -> str:
    """A setting in words, numbers with their units."""
    if isinstance(value, dict):
        of = "latency" if name == "latency_peers" else None
        return ", ".join(f"{part} {_with_unit(of or part, one, config)}" for part, one in value.items())
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if (cost := name.removeprefix("max_")) in OBJECTIVES:
        return config.objective_named(cost).show(value)
    if name == "time_limit":
        return duration(value)
    if name == "validation":
        return f"{value:.4g} of the training images"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value) if name == "seed" else many(value)


def in_words(name: str, value: Any) -> str:
    """A setting by its dotted name, in half a line."""
    return f"{IN_WORDS.get(name, name)} {shown(value)}"


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

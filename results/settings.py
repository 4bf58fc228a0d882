"""The settings of a run in words, for the report and for programs that show studies."""

from typing import Any

from results.run_config import RunConfig
from results.words import duration, many
from space.objective import OBJECTIVES

PATHS = "data_dir", "files", "latency_table"
"""Settings of this machine, which do not belong in what is passed on."""


def settings_of(config: RunConfig) -> dict[str, str]:
    """Every setting and every version by its name in ``config.json``; those that are not set are left out."""
    left_out = {"genes", *PATHS}
    stated = {
        name: _shown(name, value, config)
        for name, value in config.to_dict().items()
        if name not in left_out and value not in (None, {}, [])
    }
    return {"genes": f"{len(config.genes)}, in config.json", **stated}


def _shown(name: str, value: Any, config: RunConfig) -> str:
    """A setting in words, numbers with their units."""
    if isinstance(value, dict):
        of = "latency" if name == "latency_peers" else None
        return ", ".join(f"{part} {_shown(of or part, one, config)}" for part, one in value.items())
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

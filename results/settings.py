"""The settings of a run in words, for the report and for programs that show studies."""

from typing import Any

from results.run_config import RunConfig

PATHS = "data_dir", "files", "latency_table"
"""Settings of this machine, which do not belong in what is passed on."""


def settings_of(config: RunConfig) -> dict[str, str]:
    """Every setting and every version by its name in ``config.json``; those that are not set are left out."""
    left_out = {"genes", *PATHS}
    stated = {
        name: _shown(value)
        for name, value in config.to_dict().items()
        if name not in left_out and value not in (None, {}, [])
    }
    return {"genes": f"{len(config.genes)}, in config.json", **stated}


def _shown(value: Any) -> str:
    """A setting in words."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_shown(one)}" for name, one in value.items())
    return str(value)

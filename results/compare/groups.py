"""Which searches can be compared, and which differ in nothing but the seed."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from results.run_config import FREE_TO_CHANGE, RunConfig
from results.settings import flat, in_words, shown
from space import InputError

Configs = Mapping[str, RunConfig]
"""By folder, the settings of each run."""
ALIKE = {
    "dataset": "other data",
    "num_classes": "other data",
    "fingerprint": "other data",
    "digests.dataset": "other data",
    "validation": "another validation split",
    "validation_images": "another validation split",
    "objective": "another cost",
    "latency.target": "another cost",
    "latency.machine": "another cost",
    "latency.unit": "another cost",
    "metric": "another metric",
}
"""Settings in which searches have to agree, and what a search has where it does not."""
TRAINING = "evaluator", "recipe", "proxy_images", "paths", "class_weights", "backbone"
"""Settings that change the accuracy of one and the same network."""
FOLLOWING = "schema", "seed", "reference", "latency", "genes", "networks", "train_images", *FREE_TO_CHANGE
"""Settings that name no group: they follow from others, or do not count."""
TOLD = 3
"""Settings in the name of a group."""


def refuse_others(configs: Configs) -> None:
    """Raises InputError where a run has other data, or another validation split, cost or metric than the first."""
    (first, wanted), *others = ((run, flat(config.to_dict())) for run, config in configs.items())
    for run, settings in others:
        for name, kind in ALIKE.items():
            counts = not name.startswith("latency.") or wanted["objective"] == "latency"
            if counts and settings.get(name) != wanted.get(name):
                raise InputError(
                    f"{run} cannot be compared with {first}, it has {kind}: "
                    f"{in_words(name, settings.get(name))}, not {shown(wanted.get(name))}"
                )


def refuse_twice(folders: Sequence[Path], configs: Configs) -> None:
    """Raises InputError where two runs are one search: the same settings and the same seed, or one folder."""
    found: dict[tuple[str, int], str] = {}
    for run in map(str, folders):
        search = _same(configs[run]), configs[run].seed
        if search in found:
            raise InputError(f"{found[search]} and {run} are one search: same settings, same seed; leave out one")
        found[search] = run


def group_names(configs: Configs) -> list[str]:
    """Of each run, what its settings are apart from the seed, in the words in which they differ from others.

    Where there are no such words, the folder of the first with these settings, and how many more there are.
    """
    settings = {run: _same(config) for run, config in configs.items()}
    runs = {same: [run for run in settings if settings[run] == same] for same in settings.values()}
    flats = {same: _telling(configs[first]) for same, (first, *_) in runs.items()}
    names = dict.fromkeys(name for told in flats.values() for name in told)
    differing = [name for name in names if len({str(told.get(name)) for told in flats.values()}) > 1][:TOLD]
    told = {same: ", ".join(in_words(name, flats[same].get(name)) for name in differing) for same in flats}
    is_clear = len(set(told.values())) == len(told) and differing
    return [told[same] if is_clear else _folders_text(*runs[same]) for same in settings.values()]


def _folders_text(first: str, *others: str) -> str:
    return f"{first} and {len(others)} more" if others else first


def notes_on(configs: Configs, trials: Mapping[str, int], expected: Mapping[str, bool]) -> tuple[str, ...]:
    """What makes a comparison less than fair.

    Args:
        configs: of the runs.
        trials: complete ones of each run.
        expected: whether the accuracies that decide in each run are expected ones.
    """
    notes = []
    trained = {json.dumps(_part(config, TRAINING), sort_keys=True) for config in configs.values()}
    if len(trained) > 1:
        notes.append(
            "Networks were not trained alike, which changes the accuracy of the same network: retrain the fronts "
            "before you prefer a search."
        )
    if len(set(expected.values())) > 1:
        measured = ", ".join(run for run, is_expected in expected.items() if not is_expected)
        notes.append(
            f"Accuracies of {measured} are measured ones, of which the best had luck; those of the others are expected "
            "ones, corrected for it."
        )
    ran = dict.fromkeys(f"{config.device}, torch {config.versions.get('torch')}" for config in configs.values())
    if len(ran) > 1:
        notes.append(f"Seconds cannot be compared: the searches ran on {'; '.join(ran)}.")
    fewest, most = min(trials.values()), max(trials.values())
    if fewest < most:
        notes.append(
            f"The searches have from {fewest:,} to {most:,} complete trials: more trials give more hypervolume."
        )
    return tuple(notes)


def _same(config: RunConfig) -> str:
    """What the searches of a group have in common."""
    return json.dumps(
        {name: value for name, value in config.to_dict().items() if name not in ("seed", *FREE_TO_CHANGE)},
        sort_keys=True,
    )


def _telling(config: RunConfig) -> dict[str, Any]:
    return flat({name: value for name, value in config.to_dict().items() if name not in FOLLOWING})


def _part(config: RunConfig, names: Sequence[str]) -> dict[str, Any]:
    settings = config.to_dict()
    return {name: settings[name] for name in names if name in settings}

"""All complete trials as columns, for the script of the page: it draws any of them."""

from collections.abc import Hashable, Iterable, Mapping
from itertools import zip_longest
from typing import Any

import pandas as pd

from results.entry import architecture_of
from results.hand_designed import hand_designed_names
from results.network import boxes_of
from results.noise import Noise
from results.run_config import RunConfig
from results.tables import STD, is_smoothed
from space import Architecture
from space.objective import OBJECTIVES


def networks_of(
    trials: pd.DataFrame, config: RunConfig, noise: Noise | None, shares: Mapping[str, Mapping[str, float]]
) -> dict[str, Any]:
    """One entry a trial in each column; the same values in the order of `trials`.

    Args:
        trials: complete ones, one row each.
        config: the run's settings.
        noise: between two trainings of one network, if it was measured.
        shares: of the OPs of each part, by the key of a network.
    """
    rows = trials.to_dict("records")
    networks = [architecture_of(row, config) for row in rows]
    names = hand_designed_names(config)
    return {
        "number": [row["number"] for row in rows],
        "key": [row["key"] for row in rows],
        "source": coded(row["source"] for row in rows),
        "name": {row["key"]: names[row["key"]] for row in rows if row["key"] in names},
        "text": [network.describe() for network in networks],
        "accuracy": {
            kind: [rounded(row[column]) for row in rows] for kind, column in accuracies_of(trials, config).items()
        },
        "errors": {
            **({"expected": [rounded(std) for std in trials[STD]]} if STD in trials else {}),
            **({"measured": [rounded(noise.std)] * len(rows)} if noise else {}),
        },
        "costs": {name: costs_of(trials, name) for name in OBJECTIVES if name in trials},
        "boxes": boxes_in(networks, config, shares),
    }


def accuracies_of(trials: pd.DataFrame, config: RunConfig) -> dict[str, str]:
    """The columns of the accuracies that there are: expected, where trials sufficed for a regression, and measured."""
    expected = {"expected": "expected"} if is_smoothed(trials, config.measure) else {}
    return {**expected, "measured": config.measure.column}


def costs_of(trials: pd.DataFrame, name: str) -> list[float]:
    """Of each trial, whole numbers as such."""
    return [int(cost) if float(cost).is_integer() else float(f"{cost:.6g}") for cost in trials[name]]


def boxes_in(
    networks: Iterable[Architecture], config: RunConfig, shares: Mapping[str, Mapping[str, float]]
) -> list[dict[str, Any]]:
    """The boxes of each network, coded: of all the first ones, of all the second ones, and so on; None where it ends.

    A box is its name, its words, its channels, the order of its convolutions and its pooling, as `results.network.Box`.
    """
    boxes = [
        [(box.name, box.words, box.channels, box.block, box.pool) for box in boxes_of(network, own, config.varied)]
        for network in networks
        for own in [shares.get(network.key, {})]
    ]
    return [coded(places) for places in zip_longest(*boxes)]


def coded(values: Iterable[Hashable]) -> dict[str, Any]:
    """Each value once, and of each the number of its value; no numbers where there is but one value."""
    numbers: dict[Hashable, int] = {}
    codes = [numbers.setdefault(value, len(numbers)) for value in values]
    return {"values": list(numbers), "codes": codes if len(numbers) > 1 else []}


def rounded(value: Any) -> float | None:
    """None where there is no number, which JSON does not have; digits enough to be rounded again as it would be."""
    return None if pd.isna(value) else round(float(value), 10)

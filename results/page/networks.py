"""All complete trials as columns, for the script of the page: it draws any of them."""

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import pandas as pd

from results.entry import architecture_of
from results.hand_designed import hand_designed_names
from results.noise import Noise
from results.run_config import RunConfig
from results.tables import STD, is_smoothed
from space import Architecture
from space.family import find_family, genes_of
from space.objective import OBJECTIVES


def networks_of(trials: pd.DataFrame, config: RunConfig, noise: Noise | None) -> dict[str, Any]:
    """One entry a trial in each column; the same values in the order of `trials`.

    Args:
        trials: complete ones, one row each.
        config: the run's settings.
        noise: between two trainings of one network, if it was measured.
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
        "genes": genes_in(networks, config),
        "channels": coded(tuple(channels_of(network).items()) for network in networks),
    }


def accuracies_of(trials: pd.DataFrame, config: RunConfig) -> dict[str, str]:
    """The columns of the accuracies that there are: expected, where trials sufficed for a regression, and measured."""
    expected = {"expected": "expected"} if is_smoothed(trials, config.measure) else {}
    return {**expected, "measured": config.measure.column}


def costs_of(trials: pd.DataFrame, name: str) -> list[float]:
    """Of each trial, whole numbers as such."""
    return [int(cost) if float(cost).is_integer() else float(f"{cost:.6g}") for cost in trials[name]]


def genes_in(networks: list[Architecture], config: RunConfig) -> list[dict[str, Any]]:
    """The choice of each network in every gene, coded; None where its layer does not exist."""
    return [
        {"layer": gene.layer, "kind": gene.kind, **coded(network.effective.get(name) for network in networks)}
        for name, gene in genes_of(config.family, config.backbone, config.width).items()
    ]


def channels_of(network: Architecture) -> Mapping[str, int]:
    """How many leave each layer; empty where the family does not say."""
    return find_family(network.family).channels(network.backbone, network.width, network.effective)


def coded(values: Iterable[Hashable]) -> dict[str, Any]:
    """Each value once, and of each the number of its value; no numbers where there is but one value."""
    numbers: dict[Hashable, int] = {}
    codes = [numbers.setdefault(value, len(numbers)) for value in values]
    return {"values": list(numbers), "codes": codes if len(numbers) > 1 else []}


def rounded(value: Any) -> float | None:
    """None where there is no number, which JSON does not have."""
    return None if pd.isna(value) else round(float(value), 5)

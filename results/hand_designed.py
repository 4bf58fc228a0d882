"""The front beside the networks that were designed by hand: what a search gained, network by network."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pandas as pd

from results.entry import Entry, architecture_of
from results.front import Front
from results.run_config import RunConfig
from results.tables import completed, deciding_accuracy
from space import Architecture, InputError
from space.family import find_family


@dataclass(frozen=True, kw_only=True)
class Beside:
    """A network of the front, and the best hand-designed one that costs no more.

    Args:
        entry: of the front.
        rival: the other's name; empty where all hand-designed networks cost more.
        rival_accuracy: as it decides, 0 to 1; None without a rival.
        is_rival: whether they are the same network.
    """

    entry: Entry
    rival: str = ""
    rival_accuracy: float | None = None
    is_rival: bool = False


def beside_hand_designed(front: Front, trials: pd.DataFrame, config: RunConfig) -> list[Beside]:
    """Of each network of the front, by rising cost; accuracies are those by which the front was chosen.

    Args:
        front: of these trials.
        trials: one row a trial, `results.tables.COLUMNS` and the genes.
        config: the run's settings.
    """
    rows = completed(trials.loc[trials["source"] == "baseline"])
    accuracy, cost = deciding_accuracy(rows, config.measure), rows[config.objective].to_numpy(float)
    price_of = dict(zip(trials["key"], trials[config.objective]))
    names, found = hand_designed_names(config), []
    for entry in front.entries:
        allowed = np.flatnonzero(cost <= price_of[entry.key])
        if not len(allowed):
            found.append(Beside(entry=entry))
            continue
        best = allowed[accuracy[allowed].argmax()]
        row = rows.iloc[best].to_dict()
        rival = names.get(row["key"]) or architecture_of(row, config).describe()
        is_rival = row["key"] == entry.key
        found.append(Beside(entry=entry, rival=rival, rival_accuracy=float(accuracy[best]), is_rival=is_rival))
    return found


def hand_designed_names(config: RunConfig) -> dict[str, str]:
    """By key, the names of the family's networks that fit the run's backbone and width, as ``mobinet-mid-k3``."""
    found = {}
    for name, network in find_family(config.family).named().items():
        with suppress(InputError):
            key = Architecture.of(config.family, config.backbone, config.width, network.choices).key
            found.setdefault(key, name)
    return found


def spread(rows: Sequence[Beside], most: int, *, keep: str) -> list[Beside]:
    """At most so many of them, evenly from the first to the last, with the one whose key is to be kept."""
    kept = next((place for place, row in enumerate(rows) if row.entry.key == keep), 0)
    return [rows[place] for place in spread_places(len(rows), most, keep=kept)]


def spread_places(count: int, most: int, *, keep: int) -> list[int]:
    """At most so many of 0, 1 ... `count` - 1, evenly from the first to the last, with one that is to be kept."""
    if count <= most:
        return [*range(count)]
    places = {round(place) for place in np.linspace(0, count - 1, most)}
    if keep not in places:
        places.remove(min(places - {0, count - 1}, key=lambda place: abs(place - keep)))
    return sorted(places | {keep})

"""shares.json: of each network of the front, what share of its OPs each part has."""

from collections.abc import Callable, Mapping
from pathlib import Path

from results.files import read_json, write_json
from results.front import Front
from space import Architecture, InputError
from space.cost import Cost

FILE = "shares.json"
Parts = Callable[[Architecture], Mapping[str, Cost]]
"""The cost of each part of a network, by its name."""
Shares = Mapping[str, Mapping[str, float]]
"""By the key of a network and the name of a part, 0 to 1."""


def write_shares(folder: Path, front: Front, parts: Parts) -> None:
    """Write the file into the folder of a run."""
    write_json(folder / FILE, {entry.key: shares_of(parts(entry.architecture)) for entry in front.entries})


def shares_of(costs: Mapping[str, Cost]) -> dict[str, float]:
    """Of the sum of all OPs, to four digits."""
    total = sum(cost.ops for cost in costs.values())
    return {name: round(cost.ops / total, 4) for name, cost in costs.items()} if total else {}


def read_shares(folder: Path) -> Shares:
    """What the file holds; nothing where it is missing, as in runs of earlier versions, or was changed."""
    try:
        content = read_json(folder / FILE)
    except InputError:
        return {}
    return content if _are_shares(content) else {}


def _are_shares(content: object) -> bool:
    return isinstance(content, dict) and all(
        isinstance(parts, dict) and all(isinstance(share, int | float) for share in parts.values())
        for parts in content.values()
    )

"""What a retraining is asked to train: an entry of best.json or pareto.json, or a network by its name."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mobinet import cost
from results.files import read_json
from space import Architecture, InputError

MOST_CLASSES = 100_000


@dataclass(frozen=True, kw_only=True)
class Target:
    """An entry of best.json or pareto.json whose numbers are right.

    Args:
        architecture: to be trained.
        dataset, data_dir: that it was searched on.
    """

    architecture: Architecture
    dataset: str
    data_dir: str


def read_target(path: Path, key: str | None) -> Target:
    """Read an entry, and count it again.

    Args:
        path: best.json or pareto.json.
        key: which of several networks.

    Raises:
        InputError: the file does not hold such an entry, or its key or cost is not that of its architecture.
    """
    content = read_json(path)
    entries = content.get("front", [content]) if isinstance(content, dict) else [content]
    if not isinstance(entries, list):
        raise InputError(f"{path} is not what a search writes: its front is {entries!r}")
    chosen = [entry for entry in entries if key is None or _field(entry, "key", str, path) == key]
    if len(chosen) != 1:
        keys = ", ".join(str(_field(entry, "key", str, path)) for entry in entries)
        wanted = f"has no network {key}" if key else f"holds {len(entries)} networks; choose one with --key"
        raise InputError(f"{path} {wanted}: {keys}")
    (entry,) = chosen
    try:
        architecture = Architecture.from_dict(_field(entry, "architecture", dict, path))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    num_classes = _field(entry, "num_classes", int, path)
    if isinstance(num_classes, bool) or not 2 <= num_classes <= MOST_CLASSES:
        raise InputError(f"{path} states num_classes {num_classes}; it must be from 2 to {MOST_CLASSES}")
    # The key goes first: to count a network that a changed width makes huge may take all memory.
    _hold_against({"key": architecture.key}, entry, path)
    counted = cost(architecture, num_classes)
    _hold_against({**asdict(counted), "ops": counted.ops}, _field(entry, "cost", dict, path), path)
    return Target(
        architecture=architecture,
        dataset=_field(entry, "dataset", str, path),
        data_dir=_field(entry, "data_dir", str, path),
    )


def _hold_against(found: dict[str, Any], stated: dict[str, Any], path: Path) -> None:
    for name, value in found.items():
        if stated.get(name) != value:
            raise InputError(
                f"{path} states {name} {stated.get(name)}, but its architecture has {value}; the file was changed"
            )


def _field(entry: Any, name: str, kind: type, path: Path) -> Any:
    if not isinstance(entry, dict) or not isinstance(entry.get(name), kind):
        raise InputError(f"{path} is not what a search writes: it lacks the field {name}")
    return entry[name]

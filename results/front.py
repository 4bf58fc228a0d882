"""pareto.json: the front of a search. Written and read here alone."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from results.entry import Entry
from results.files import SCHEMA, field_of, read_json
from results.noise import Noise
from results.run_config import Reference, RunConfig
from space import InputError


@dataclass(frozen=True, kw_only=True)
class Front:
    """What pareto.json holds.

    Args:
        entries: the networks of the front, by rising cost.
        reference: the worst corner of the box whose share is the hypervolume.
        hypervolume: the share of the box that the front dominates, 0 to 1.
        noise: between two trainings of one network; None where it was not measured.
    """

    entries: tuple[Entry, ...]
    reference: Reference
    hypervolume: float
    noise: Noise | None

    def to_dict(self, objective: str) -> dict[str, Any]:
        """What the file holds, with the reference's cost under the name of the objective."""
        return {
            "schema": SCHEMA,
            "reference": {"accuracy": self.reference.accuracy, objective: self.reference.cost},
            "hypervolume": self.hypervolume,
            "noise": asdict(self.noise) if self.noise else None,
            "front": [entry.to_dict() for entry in self.entries],
        }


def are_smoothed(entries: Sequence[Entry]) -> bool:
    """Whether expected accuracies decide between these networks; those of some may equal the measured ones."""
    return any(entry.is_smoothed for entry in entries)


def accuracy_title(entries: Sequence[Entry]) -> str:
    """What decides between these networks, in words, such as ``expected accuracy``."""
    return f"{'expected ' if are_smoothed(entries) else ''}{entries[0].measure.title}"


def read_front(path: Path, config: RunConfig) -> Front:
    """The content of pareto.json, of a run with the settings `config`. Raises InputError on anything else."""
    content = read_json(path)
    entries = field_of(content, "front", list, path)
    if not entries:
        raise InputError(f"{path} is not what a search writes: its front is empty")
    noise = content.get("noise")
    if noise is not None:
        noise = Noise(std=field_of(noise, "std", float, path), pairs=field_of(noise, "pairs", int, path))
    return Front(
        entries=tuple(Entry.from_dict(entry, path) for entry in entries),
        reference=config.reference,
        hypervolume=field_of(content, "hypervolume", float, path),
        noise=noise,
    )

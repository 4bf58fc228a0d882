"""The networks of best.json and pareto.json, with what a retraining needs. Written and read here alone."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from math import isnan
from pathlib import Path
from typing import Any

from results.files import SCHEMA, check_sums, field_of, read_json
from results.measures import ACCURACY, CLASS_WEIGHTS, MEASURES, SCORES, UNWEIGHTED, Measure
from results.run_config import RunConfig
from space import Architecture, InputError
from space.cost import COSTS, Cost
from space.family import MOST_CLASSES, genes_of
from space.objective import OBJECTIVES

NOT_COUNTED = tuple(name for name in OBJECTIVES if name not in COSTS)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One network of a search.

    Args:
        key: equal for equal networks.
        architecture: the network.
        accuracy: measured by the search on validation images, 0 to 1.
        expected: what the search maximises, smoothed over all trials; None where the search did not smooth.
        metric, class_weights: of the search, names in `results.measures`.
        scores: what else was measured, by its column.
        cost: of one image.
        measured: what is not counted in it: the working memory and the latency, by the name of the objective, where the
            search used them.
        dataset, data_dir, num_classes: the images that it was searched on.
        rule: why best.json holds it; empty in pareto.json.
        digests: of the user's own Python files, see `results.run_config.RunConfig`.
    """

    key: str
    architecture: Architecture
    accuracy: float
    expected: float | None
    cost: Cost
    dataset: str
    data_dir: str
    num_classes: int
    metric: str = ACCURACY.name
    class_weights: str = UNWEIGHTED
    scores: Mapping[str, float] = field(default_factory=dict)
    measured: Mapping[str, float] = field(default_factory=dict)
    rule: str = ""
    digests: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, row: Mapping[Any, Any], config: RunConfig, rule: str = "") -> "Entry":
        """The entry of a complete trial, a row of ``trials.csv``."""
        expected = row.get("expected")
        return cls(
            key=row["key"],
            architecture=architecture_of(row, config),
            accuracy=float(row["accuracy"]),
            expected=None if expected is None or isnan(expected) else float(expected),
            cost=Cost(**{item.name: row[item.name] for item in fields(Cost)}),
            measured={name: float(row[name]) for name in NOT_COUNTED if name in row},
            dataset=config.dataset,
            data_dir=config.data_dir,
            num_classes=config.num_classes,
            metric=config.metric,
            class_weights=config.class_weights,
            scores={name: float(row[name]) for name in SCORES if name in row and not isnan(row[name])},
            rule=rule,
            digests=config.digests,
        )

    def to_dict(self) -> dict[str, Any]:
        """What a file holds."""
        ops = int(self.cost.ops) if self.cost.ops.is_integer() else self.cost.ops
        return {
            "schema": SCHEMA,
            "key": self.key,
            "architecture": self.architecture.to_dict(),
            "accuracy": self.accuracy,
            "expected": self.expected,
            **self.scores,
            "metric": self.metric,
            "class_weights": self.class_weights,
            "cost": {"ops": ops, **asdict(self.cost), **self.measured},
            "dataset": self.dataset,
            "data_dir": self.data_dir,
            "num_classes": self.num_classes,
            **({"rule": self.rule} if self.rule else {}),
            **({"digests": dict(self.digests)} if self.digests else {}),
        }

    @classmethod
    def from_dict(cls, content: Any, path: Path) -> "Entry":
        """The inverse of `to_dict`. Raises InputError, which names `path`, on anything else."""
        described = field_of(content, "architecture", dict, path)
        try:
            architecture = Architecture.from_dict(described)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        num_classes = field_of(content, "num_classes", int, path)
        if not 2 <= num_classes <= MOST_CLASSES:
            raise InputError(f"{path} states num_classes {num_classes}; it must be from 2 to {MOST_CLASSES}")
        cost = field_of(content, "cost", dict, path)
        expected, metric = content.get("expected"), content.get("metric", ACCURACY.name)
        weights = content.get("class_weights", UNWEIGHTED)
        if metric not in MEASURES or weights not in CLASS_WEIGHTS:
            raise InputError(f"{path} states the metric {metric!r} and the class weights {weights!r}; it was changed")
        return cls(
            key=field_of(content, "key", str, path),
            architecture=architecture,
            accuracy=field_of(content, "accuracy", float, path),
            expected=None if expected is None else field_of(content, "expected", float, path),
            cost=Cost(**{item.name: field_of(cost, item.name, int, path) for item in fields(Cost)}),
            measured={name: field_of(cost, name, float, path) for name in NOT_COUNTED if name in cost},
            dataset=field_of(content, "dataset", str, path),
            data_dir=field_of(content, "data_dir", str, path),
            num_classes=num_classes,
            metric=metric,
            class_weights=weights,
            scores={name: field_of(content, name, float, path) for name in SCORES if name in content},
            rule=field_of(content, "rule", str, path) if "rule" in content else "",
            digests=field_of(content, "digests", dict, path) if "digests" in content else {},
        )

    @property
    def costs(self) -> dict[str, float]:
        """All that its files state of its cost, by name: what is counted and what was measured."""
        return {**self.cost.to_dict(), **self.measured}

    @property
    def deciding(self) -> float:
        """What is maximised, as it is expected where it is, else as it was measured."""
        return self.reached if self.expected is None else self.expected

    @property
    def reached(self) -> float:
        """What is maximised, as it was measured."""
        return self.scores.get(self.measure.column, self.accuracy)

    @property
    def is_smoothed(self) -> bool:
        """Whether it has an expected accuracy that is not just the measured one, as of few trials."""
        return self.expected not in (None, self.reached)

    @property
    def measure(self) -> Measure:
        """What is maximised."""
        return MEASURES[self.metric]


def read_entry(path: Path, key: str | None = None, *, count: Callable[[Architecture, int], Cost]) -> Entry:
    """Read one network, and count it again.

    Args:
        path: best.json or pareto.json.
        key: which of several networks.
        count: the cost of a network with so many classes, see `mobinet.cost`.

    Raises:
        InputError: the file holds no such entry, or its key or cost is not that of its architecture. What is not
            counted here, the working memory and the latency, was changed since it was written.
    """
    content = read_json(path)
    stated = content.get("front", [content]) if isinstance(content, dict) else [content]
    if not isinstance(stated, list):
        raise InputError(f"{path} is not what a search writes: its front is {stated!r}")
    chosen = [entry for entry in stated if key is None or field_of(entry, "key", str, path) == key]
    if len(chosen) != 1:
        if key and len(stated) == 1:
            raise InputError(f"{path} holds another network than {key}; those of the front are in pareto.json")
        problem = f"has no network {key}" if key else f"holds {len(stated):,} networks; choose one with --key"
        raise InputError(f"{path} {problem}; the keys of the front are in pareto.csv")
    entry = Entry.from_dict(chosen[0], path)
    # The key goes first: to count a network that a changed width makes huge may take all memory.
    _check({"key": entry.architecture.key}, chosen[0], path)
    counted = count(entry.architecture, entry.num_classes)
    _check(counted.to_dict(), chosen[0]["cost"], path)
    if entry.measured:
        check_sums(path.parent, path.name)
    return entry


def architecture_of(row: Mapping[Any, Any], config: RunConfig) -> Architecture:
    """The network of a row of ``trials.csv``. Other columns than those of its genes are ignored.

    Raises:
        InputError: a gene has no column, or a choice that does not fit.
    """
    names = genes_of(config.family, config.backbone, config.width)
    genes = tuple((name, row[name]) for name in names if name in row)
    return Architecture(family=config.family, backbone=config.backbone, width=config.width, genes=genes)


def _check(counted: Mapping[str, Any], stated: Mapping[str, Any], path: Path) -> None:
    for name, value in counted.items():
        if stated.get(name) != value:
            raise InputError(
                f"{path} states {name} {stated.get(name)}, but its architecture has {value}; the file was changed"
            )

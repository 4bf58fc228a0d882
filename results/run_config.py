"""config.json: every setting of a run, fixed when it begins."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from math import inf
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from results.files import SCHEMA, read_json
from results.measures import ACCURACY, BALANCED, MEASURES, UNWEIGHTED, Measure
from space import InputError
from space.objective import OBJECTIVES, Objective

LATENCIES = "latency.csv"
"""A copy of the table of latencies, in the folder of a run that uses them."""
PUBLISHED_BEFORE = {"imagefolder": "imagenet"}
"""Of runs that do not say."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """The worst corner of the box whose share is the hypervolume.

    Args:
        accuracy: of chance.
        cost: of the most expensive network allowed, in the unit of the objective.
    """

    accuracy: float
    cost: float


def free(**settings: Any) -> Any:
    """A field that may change when a run is resumed: it decides where a run computes, not what."""
    return field(**settings, metadata={"free": True})


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """The settings of a run. The defaults are what runs had before there was such a setting.

    Args:
        evaluator: a name in `search.evaluators.EVALUATORS`.
        dataset, data_dir, validation: which images, where, and the share of them that networks are judged on.
        published_as: the data set's name in `results.published`.
        recipe: the fields of the evaluator's `search.recipe.Recipe`.
        seed: of everything that is drawn.
        device: such as ``cpu`` or ``cuda``.
        metric, class_weights: names in `results.measures`: what is maximised, and how much images count in the loss.
        evaluator_settings: those that only this evaluator has.
        num_classes, train_images, validation_images, fingerprint: what was found in the data set.
        family, backbone, width, genes, networks: the search space: the choices of each gene, the number of networks.
        space, binarizer: the flags that chose it.
        files, digests: paths and digests of the user's own Python files, by the flag that named them.
        sampler: a name in `search.samplers.SAMPLERS`.
        enqueued: the choices of each network that is trained first.
        fidelity: ``full``, or ``halving`` where trainings are stopped early.
        objective: a name in `space.objective.OBJECTIVES`.
        max_ops: the budget in OPs, if any.
        limits: those of other costs, by the name of their objective.
        latency_table, latency: the file that the latencies came from, and what it is of; where they are used.
        latency_peers: seconds of other networks on the same device, by their name.
        reference: of the hypervolume.
        backend, workers, time_limit, address, cpus_per_trial, gpus_per_trial: the flags of what runs the evaluations.
        versions: of the packages that a result depends on.
    """

    evaluator: str = "proxy"
    dataset: str
    published_as: str = free()
    data_dir: str = free()
    validation: float
    recipe: Mapping[str, Any]
    seed: int
    device: str = free()
    metric: str = ACCURACY.name
    class_weights: str = UNWEIGHTED
    evaluator_settings: Mapping[str, Any] = field(default_factory=dict)
    num_classes: int
    train_images: int
    validation_images: int
    fingerprint: str
    family: str
    backbone: str
    width: float
    genes: Mapping[str, Any]
    networks: int
    space: str | None = free(default=None)
    binarizer: str | None = None
    files: Mapping[str, Any] = free(default_factory=dict)
    digests: Mapping[str, Any] = field(default_factory=dict)
    sampler: str
    enqueued: list[Any] = field(default_factory=list)
    fidelity: str = "full"
    objective: str = "ops"
    max_ops: float | None = None
    limits: Mapping[str, Any] = field(default_factory=dict)
    latency_table: str | None = free(default=None)
    latency: Mapping[str, Any] = field(default_factory=dict)
    latency_peers: Mapping[str, Any] = free(default_factory=dict)
    reference: Reference
    backend: str | None = free(default=None)
    workers: int | None = free(default=None)
    time_limit: float | None = free(default=None)
    address: str | None = free(default=None)
    cpus_per_trial: int | None = free(default=None)
    gpus_per_trial: float | None = free(default=None)
    versions: Mapping[str, Any] = free(default_factory=dict)

    @cached_property
    def varied(self) -> frozenset[str]:
        """Names of the genes that have a choice."""
        return frozenset(name for name, choices in self.genes.items() if len(choices) > 1)

    @property
    def measure(self) -> Measure:
        """What is maximised."""
        return MEASURES[self.metric]

    @property
    def measured_text(self) -> str:
        """A line, where it is not the accuracy that is maximised, or images have weights."""
        measure = [f"{self.measure.title} is maximised"] if self.measure is not ACCURACY else []
        weights = ["in the loss all classes count alike"] if self.class_weights == BALANCED else []
        return "; ".join(measure + weights) + "\n" if measure or weights else ""

    def objective_named(self, name: str) -> Objective:
        """For its name and unit, not for its number."""
        named = OBJECTIVES[name]
        if name == "latency":
            return replace(named, unit=str(self.latency["unit"]), title=str(self.latency["title"]))
        return named

    @property
    def cost(self) -> Objective:
        """What is minimised, as `objective_named` gives it."""
        return self.objective_named(self.objective)

    @property
    def all_limits(self) -> dict[str, float]:
        """By the name of their objective."""
        return {**({} if self.max_ops is None else {"ops": self.max_ops}), **self.limits}

    @property
    def limits_shown(self) -> list[str]:
        """Each limit with its unit, for people."""
        return [self.objective_named(name).show_with_noun(limit) for name, limit in self.all_limits.items()]

    @property
    def limit(self) -> float | None:
        """Of what is minimised."""
        return self.all_limits.get(self.objective)

    def to_dict(self) -> dict[str, Any]:
        """What config.json holds."""
        written: dict[str, Any] = {"schema": SCHEMA}
        for name, value in asdict(self).items():
            written |= value if name == "evaluator_settings" else {name: value}
        return {**written, "reference": {"accuracy": self.reference.accuracy, self.objective: self.reference.cost}}

    @classmethod
    def from_dict(cls, content: Any, path: Path) -> "RunConfig":
        """The inverse of `to_dict`. Raises InputError, which names `path`, on anything else."""
        if not isinstance(content, dict) or content.get("schema") != SCHEMA:
            raise InputError(f"{path} is not of schema {SCHEMA}; use another --out")
        own = {name: value for name, value in content.items() if name != "schema"}
        kinds = get_type_hints(cls)
        settings = {name: own.pop(name) for name in kinds if name in own}
        settings["reference"] = _reference(settings.get("reference"), settings.get("objective", "ops"))
        if isinstance(dataset := settings.get("dataset"), str):
            settings.setdefault("published_as", PUBLISHED_BEFORE.get(dataset, dataset))
        for item in fields(cls):
            if item.name in settings and not _is_a(settings[item.name], kinds[item.name]):
                raise InputError(f"{path}: the field {item.name} is of the wrong type; the file was changed")
        if settings.get("objective", "ops") not in OBJECTIVES:
            raise InputError(f"{path}: no objective is called {settings['objective']!r}; the file was changed")
        if settings.get("metric", ACCURACY.name) not in MEASURES:
            raise InputError(f"{path}: no measure is called {settings['metric']!r}; the file was changed")
        if not all(isinstance(choices, dict) for choices in settings.get("enqueued", [])):
            raise InputError(f"{path}: its field enqueued holds no networks; the file was changed")
        limits = settings.get("limits", {})
        known = all(name in OBJECTIVES and name != "ops" and _is_a(limit, float) for name, limit in limits.items())
        if not known or not all(0 < limit < inf for limit in limits.values()):
            raise InputError(f"{path}: its limits are none that a search has; the file was changed")
        if (
            "latency" in (settings.get("objective"), *limits)
            and not {"unit", "title"} <= settings.get("latency", {}).keys()
        ):
            raise InputError(f"{path}: it lacks what the latencies are of; the file was changed")
        if not all(_is_a(value, float) and 0 < value < inf for value in settings.get("latency_peers", {}).values()):
            raise InputError(f"{path}: the field latency_peers holds no latencies; the file was changed")
        try:
            return cls(**settings, evaluator_settings=own)
        except TypeError as error:
            raise InputError(f"{path} was changed: {error}") from None


FREE_TO_CHANGE = tuple(item.name for item in fields(RunConfig) if item.metadata.get("free"))


def read_config(folder: Path) -> RunConfig:
    """The settings of the run in `folder`. Raises InputError where there are none, or the file was changed."""
    return RunConfig.from_dict(read_json(folder / "config.json"), folder / "config.json")


def latencies_of(config: RunConfig, folder: Path) -> Path | None:
    """The table of latencies of the run in `folder`, where there still is one: its copy, or the original."""
    there = [folder / LATENCIES, *([Path(config.latency_table)] if config.latency_table else [])]
    return next((path for path in there if path.exists()), None)


def _reference(content: Any, objective: Any) -> Any:
    match content:
        case {"accuracy": accuracy, **rest} if list(rest) == [objective]:
            found = Reference(accuracy=accuracy, cost=rest[objective])
            return found if _is_a(found.accuracy, float) and _is_a(found.cost, float) else None
    return None


def _is_a(value: Any, kind: Any) -> bool:
    """Whether what JSON gave fits a field's type."""
    if isinstance(kind, UnionType):
        return any(_is_a(value, one) for one in get_args(kind))
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, get_origin(kind) or kind) and not (kind is int and isinstance(value, bool))

"""From a space, an evaluator and a cost to a search that is open in its folder."""

from collections.abc import Mapping, Sequence
from functools import partial
from math import inf
from pathlib import Path
from types import MappingProxyType
from typing import Any

from mobinet import cost as count_of
from mobinet.cost import cost_of_parts
from results.run_config import Reference, RunConfig
from results.settings import settings_of
from results.settle_config import settle_config
from results.versions import versions
from search.data.catalog import find_dataset
from search.evaluators import EVALUATORS, NOISY, is_noisy, name_of
from search.evaluators.on_images import OnImages
from search.limits import Limits, check_limits
from search.samplers import SAMPLERS
from search.session import Search
from search.study.halving import rungs_of
from search.study.study import Study
from search.task import Evaluator
from space import Architecture, InputError, SearchSpace
from space.bounds import extreme
from space.family import MOST_CLASSES
from space.objective import OBJECTIVES, Objective
from space.own_file import files_of

NO_IMAGES = {
    "data_dir": "",
    "published_as": "",
    "validation": 0.0,
    "recipe": {},
    "device": "",
    "train_images": 0,
    "validation_images": 0,
    "fingerprint": "",
}
"""Settings of an evaluator that is not one on images."""


def open_search(
    folder: Path,
    *,
    space: SearchSpace,
    evaluator: Evaluator,
    cost: Objective = OBJECTIVES["ops"],
    limits: Limits = (),
    num_classes: int | None = None,
    sampler: str,
    halving: bool = False,
    enqueue: Sequence[Architecture] = (),
    retry_failed: bool = False,
    settings: Mapping[str, Any] = MappingProxyType({}),
) -> Search:
    """A new search in `folder`, or the one there, to resume.

    Args:
        folder: the run's.
        space: what is searched.
        evaluator: from a task to an evaluation; its ``seed``, where it has one, is the study's. One of your own whose
            accuracies depend on the replicate has an attribute ``noisy`` that is True.
        cost: what is minimised: one of `space.objective.OBJECTIVES`, or what `mobinet.objectives.objective_of` gives.
        limits: costs and their highest numbers; no network above one is trained.
        num_classes: of the networks, where the evaluator is not one on images, which knows.
        sampler: a name in `search.samplers.SAMPLERS`.
        halving: whether trainings that are unlikely to reach the front are stopped; for evaluators with a recipe.
        enqueue: networks of the space, to be trained first; those above a limit are left out.
        retry_failed: whether the networks of all failed trials are tried again; else only those of trials that failed
            before any was complete.
        settings: further fields of `results.run_config.RunConfig`.

    Raises:
        InputError: the parts do not fit each other or the run in the folder.
    """
    name = name_of(evaluator)
    if isinstance(evaluator, OnImages):
        evaluator = evaluator.on_these(space.input_shape)
        settings = {**_settings_of(evaluator, space), **settings}
        num_classes = settings["num_classes"]
    if name not in EVALUATORS and getattr(evaluator, NOISY, False):
        settings = {**settings, "evaluator_settings": {**settings.get("evaluator_settings", {}), NOISY: True}}
    if cost.name not in OBJECTIVES:
        raise InputError(f"{cost.name} is no cost of space.objective.OBJECTIVES; add it there")
    if sampler not in SAMPLERS:
        raise InputError(f"no sampler is called {sampler!r}; use one of {', '.join(SAMPLERS)}")
    if num_classes is None:
        raise InputError(f"{name} does not say how many classes there are; give num_classes")
    if not (isinstance(num_classes, int) and 2 <= num_classes <= MOST_CLASSES):
        raise InputError(f"num_classes is {num_classes!r}; it must be an int from 2 to {MOST_CLASSES}")
    if not all(isinstance(pair, tuple) and len(pair) == 2 for pair in limits):
        raise InputError("limits are pairs of a cost and its highest number, as in ((OBJECTIVES['ops'], 4e5),)")
    for each, most in limits:
        if not (isinstance(most, int | float) and 0 < most < inf):
            raise InputError(f"the limit of {each.name} is {most!r}; it must be a finite number above 0")
    count = partial(count_of, num_classes=num_classes)
    price = cost.price(count)
    check_limits(space, count, limits)
    own = files_of({"space": space.family, "dataset": settings.get("dataset", "")})
    first = tuple(n.canonical() for n in enqueue if all(each.price(count)(n) <= most for each, most in limits))
    by_name = {each.name: most for each, most in limits}
    highest = price(extreme(space, price, most_expensive=True))
    config = RunConfig(
        **{"dataset": name, "seed": 0, **NO_IMAGES, "num_classes": num_classes, **settings},
        evaluator=name,
        family=space.family,
        backbone=space.backbone,
        width=space.width,
        genes=space.choices,
        files={flag: file.path for flag, file in own.items()},
        digests={flag: file.digest for flag, file in own.items()},
        networks=space.size,
        sampler=sampler,
        enqueued=[network.canonical().choices for network in enqueue],
        fidelity="halving" if halving else "full",
        objective=cost.name,
        max_ops=by_name.get("ops"),
        limits={name: most for name, most in by_name.items() if name != "ops"},
        reference=Reference(accuracy=1 / num_classes, cost=min(by_name.get(cost.name, highest), highest)),
        versions=versions(),
    )
    study = Study(
        folder,
        space=space,
        count=count,
        objective=cost,
        limits=limits,
        measure=config.measure,
        first=first,
        sampler=sampler,
        seed=config.seed,
        rungs=rungs_of(config.recipe["epochs"]) if halving else (),
    )
    try:
        if len(study) and not (folder / "config.json").exists():
            raise InputError(f"{folder} has trials but lacks config.json, the settings they had; use another --out")
        settle_config(folder, config)
        study.describe(settings_of(config))
        study.retry_failed(early=not retry_failed)
    except BaseException:
        study.close()
        raise
    return Search(
        folder=folder,
        study=study,
        evaluator=evaluator,
        enqueued=len(first),
        noisy=is_noisy(config),
        objective=cost,
        price=price,
        cheapest=price(extreme(space, price)),
        config=config,
        parts=partial(cost_of_parts, num_classes=num_classes),
    )


def _settings_of(evaluator: OnImages, space: SearchSpace) -> dict[str, Any]:
    images = evaluator.images(space.input_shape)
    return {
        **evaluator.settings(),
        "published_as": find_dataset(evaluator.dataset).published_as,
        "num_classes": len(images.classes),
        "train_images": len(images.train),
        "validation_images": len(images.validation),
        "fingerprint": images.fingerprint,
    }

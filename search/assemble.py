"""From the flags of a search to its parts: space, evaluator, study, settings, back end."""

import argparse
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import optuna
import torch

from mobinet import cost
from mobinet.latency.table import latency_settings
from results.published import published_on
from results.run_config import Reference, RunConfig, read_config, settle_config, versions
from search.backends import BACKENDS, Backend
from search.data.catalog import DATASETS
from search.data.checking import check_pictures
from search.data.dataset import check_test, load_dataset
from search.draft import fitting_draft
from search.evaluators import EVALUATORS, EvaluatorEntry
from search.evaluators.on_images import OnImages
from search.evaluators.pace import Pace
from search.limits import check_limits, limits_of, objectives_of
from search.study.halving import rungs_of
from search.study.study import Study
from search.training.devices import find_device
from space import InputError, SearchSpace
from space.bounds import extreme
from space.objective import Objective, Price


@dataclass(frozen=True, kw_only=True)
class Search:
    """The parts of a search, but for what runs its evaluations.

    Args:
        folder: the run's.
        study: its record.
        evaluator: gives a network its accuracy.
        noisy: whether another seed gives a network another accuracy.
        objective: what is minimised.
        price: its number, for a network.
        cheapest: the lowest price in the space.
        config: the settings.
        images: what it trains and judges on, in words.
        pace: of its trainings, where it is known before they begin.
        time_budget: seconds after which no trial begins, if any.
    """

    folder: Path
    study: Study
    evaluator: OnImages
    noisy: bool
    objective: Objective
    price: Price
    cheapest: float
    config: RunConfig
    images: str
    pace: Pace | None
    time_budget: float | None

    def close(self) -> None:
        """Let other processes use the folder."""
        self.study.close()


def assemble(args: argparse.Namespace) -> Search:
    """The search that the flags ask for: a new one, or one to resume.

    Raises:
        InputError: something that the flags name is missing, or does not fit the rest or the run in the folder.
    """
    torch.set_num_threads(1)  # counting is all this process computes, and it is quicker so
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    BACKENDS[args.backend].require(args)
    if args.published:
        published_on(DATASETS[args.dataset].published_as)
    dataset, kind = DATASETS[args.dataset], EVALUATORS[args.evaluator]
    folder = args.out or Path("runs", args.dataset)
    load_dataset.cache_clear()  # pictures may have changed since an earlier search of this process
    _repeat_choices(args, folder)
    args.cost = args.cost or "ops"
    settings = _settings(args, kind)
    draft = fitting_draft(args, settings, folder)
    space, images, pace = draft.space, draft.images, draft.pace
    evaluator = replace(draft.evaluator, fingerprint=images.fingerprint)
    count = partial(cost, num_classes=len(images.classes))
    limits = limits_of(args)
    if args.latency and "latency" not in (args.cost, *limits):
        raise InputError("--latency is for --cost latency or --max-latency")
    objective, others = objectives_of(args.cost, limits, num_classes=len(images.classes), latencies=args.latency)
    price = objective.price(count)
    notes = check_test(args.dataset, data_dir=evaluator.data_dir, dataset=images, needed=False)
    cheapest = price(extreme(space, price))
    check_limits(space, count, ((objective, limits.get(objective.name)), *others))
    highest = price(extreme(space, price, most_expensive=True))
    limit = min(limits.get(objective.name, highest), highest)
    config = RunConfig(
        evaluator=args.evaluator,
        **evaluator.settings(),
        published_as=dataset.published_as,
        num_classes=len(images.classes),
        train_images=len(images.train),
        validation_images=len(images.validation),
        fingerprint=images.fingerprint,
        **_space_settings(space),
        space=args.space,
        binarizer=args.binarizer,
        sampler=args.sampler,
        fidelity=args.fidelity,
        objective=objective.name,
        max_ops=limits.get("ops"),
        limits={name: value for name, value in limits.items() if name != "ops"},
        latency_table=str(args.latency.absolute()) if args.latency else None,
        latency=latency_settings(args.latency) if "latency" in (objective.name, *limits) else {},
        reference=Reference(accuracy=1 / len(images.classes), cost=limit),
        backend=args.backend,
        workers=args.workers,
        time_limit=args.time_limit,
        address=args.address,
        cpus_per_trial=args.cpus_per_trial,
        gpus_per_trial=args.gpus_per_trial,
        versions=versions(),
    )
    study = Study(
        folder,
        space=space,
        count=count,
        objective=objective,
        limit=limits.get(objective.name),
        limits=others,
        sampler=args.sampler,
        seed=args.seed,
        rungs=rungs_of(evaluator.recipe.epochs) if args.fidelity == "halving" else (),
    )
    if len(study) and not (folder / "config.json").exists():
        raise InputError(f"{folder} has trials but lacks config.json, the settings they had; use another --out")
    settle_config(folder, config)
    return Search(
        folder=folder,
        study=study,
        evaluator=evaluator,
        noisy=kind.noisy,
        objective=objective,
        price=price,
        cheapest=cheapest,
        config=config,
        images="\n".join((images.describe(), *notes, *_left_out(evaluator.leave_out))),
        time_budget=args.time_budget,
        pace=pace,
    )


def make_backend(args: argparse.Namespace, search: Search) -> Backend:
    """What runs the evaluations."""
    shape, device = search.study.space.input_shape, search.evaluator.device
    backend = BACKENDS[args.backend].make(search.evaluator, args, shape, device)
    if not backend.in_process:
        load_dataset.cache_clear()  # workers load the images for themselves
    return backend


def _left_out(files: tuple[str, ...]) -> tuple[str, ...]:
    return (f"left out {len(files):,} pictures that cannot be read, such as {files[0]}",) if files else ()


def _repeat_choices(args: argparse.Namespace, folder: Path) -> None:
    """Where the run in `folder` goes on, take up what was chosen for it when it began."""
    with suppress(InputError):
        begun = read_config(folder)
        if begun.family == args.space and not (args.image_size or args.channels):
            args.backbone = args.backbone or begun.backbone
        args.width = args.width or begun.width
        args.cost = args.cost or begun.objective
        if args.cost == begun.objective and begun.latency_table:
            args.latency = args.latency or Path(begun.latency_table)
        args.proxy_images = args.proxy_images or begun.evaluator_settings.get("proxy_images")


def _settings(args: argparse.Namespace, kind: EvaluatorEntry) -> dict[str, Any]:
    """The fields that all evaluators on images have."""
    dataset, elsewhere = DATASETS[args.dataset], BACKENDS[args.backend].elsewhere
    recipe = dataset.recipes[args.evaluator]
    data_dir = str(Path(args.data_dir).absolute()) if elsewhere else args.data_dir
    # Another machine works in another folder, and may have the GPU that this one lacks.
    named = elsewhere and args.device and not kind.trains_first
    return {
        "dataset": args.dataset,
        "data_dir": data_dir,
        "leave_out": check_pictures(args.dataset, data_dir, skip=args.skip_broken),
        "validation": dataset.validation,
        "recipe": replace(recipe, epochs=args.epochs or recipe.epochs),
        "seed": args.seed,
        "device": args.device if named else find_device(args.device),
    }


def _space_settings(space: SearchSpace) -> dict[str, Any]:
    return {
        "family": space.family,
        "backbone": space.backbone,
        "width": space.width,
        "genes": space.choices,
        "networks": space.size,
    }

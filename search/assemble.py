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
from results.published import published_on
from results.run_config import Reference, RunConfig, read_config, settle_config, versions
from search.backends import BACKENDS, Backend
from search.data.catalog import DATASETS
from search.data.checking import check_pictures
from search.data.dataset import DataSet, check_test, load_dataset
from search.evaluators import EVALUATORS, EvaluatorEntry
from search.evaluators.on_images import OnImages
from search.evaluators.pace import ENOUGH, LIMIT, WIDTHS, Pace, seconds_per_image, typical
from search.study.halving import rungs_of
from search.study.study import Study
from search.training.devices import find_device
from space import InputError, SearchSpace, load_space
from space.bounds import extreme
from space.family import family_names
from space.objective import OBJECTIVES, Objective, Price


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
    objective, settings = OBJECTIVES["ops"], _settings(args, kind)
    first, *narrower = _widths(args, folder)
    draft = _Draft.of(args, settings, folder, first)
    for width in narrower:
        if draft.has_enough_images(args.trials):
            break
        draft = _Draft.of(args, settings, folder, width)
    if _is_new_and_free(args, folder):
        draft = draft.shortened(args.trials, narrowed=draft.space.width < first)
    space, images, pace = draft.space, draft.images, draft.pace
    evaluator = replace(draft.evaluator, fingerprint=images.fingerprint)
    count = partial(cost, num_classes=len(images.classes))
    price = objective.price(count)
    notes = check_test(args.dataset, data_dir=evaluator.data_dir, dataset=images, needed=False)
    cheapest = price(extreme(space, price))
    if args.max_ops is not None and args.max_ops < cheapest:
        raise InputError(f"every network of this space costs at least {cheapest:g} {objective.unit}; raise --max-ops")
    limit = args.max_ops or price(extreme(space, price, most_expensive=True))
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
        max_ops=args.max_ops,
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
        limit=args.max_ops,
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
        images="\n".join((images.describe(), *notes)),
        pace=pace,
    )


def make_backend(args: argparse.Namespace, search: Search) -> Backend:
    """What runs the evaluations."""
    shape, device = search.study.space.input_shape, search.evaluator.device
    backend = BACKENDS[args.backend].make(search.evaluator, args, shape, device)
    if not backend.in_process:
        load_dataset.cache_clear()  # workers load the images for themselves
    return backend


@dataclass(frozen=True, kw_only=True)
class _Draft:
    """A search at one width: what is searched, who evaluates it, on what, and at which pace, where that is known."""

    space: SearchSpace
    evaluator: OnImages
    images: DataSet
    pace: Pace | None

    @classmethod
    def of(cls, args: argparse.Namespace, settings: dict[str, Any], folder: Path, width: float) -> "_Draft":
        kind, shares = EVALUATORS[args.evaluator], BACKENDS[args.backend].shares
        shape = DATASETS[args.dataset].input_shape
        space = load_space(args.space, backbone=args.backbone, input_shape=shape, width=width)
        if args.binarizer:
            space = space.restrict({"binarizer": args.binarizer})
        evaluator = kind.make(settings, args, space=space, folder=folder)
        images, pace = evaluator.images(space.input_shape), None
        if shares and not kind.trains_first and evaluator.device == "cpu":
            slots, threads = shares(args, space.input_shape, evaluator.device)
            price = OBJECTIVES["ops"].price(partial(cost, num_classes=len(images.classes)))
            network = typical(space, price, args.max_ops)
            pace = Pace(
                per_image=seconds_per_image(network, images, evaluator.recipe, threads=threads),
                epochs=evaluator.recipe.epochs,
                judged=len(images.validation),
                slots=max(1, slots),
            )
        return cls(space=space, evaluator=evaluator, images=images, pace=pace)

    def has_enough_images(self, trials: int) -> bool:
        """Whether there is time for trainings that rank networks."""
        return self.pace is None or self.pace.search(min(ENOUGH, len(self.images.train)), trials) <= LIMIT

    def shortened(self, trials: int, *, narrowed: bool) -> "_Draft":
        """The same on as many images as there is time for."""
        if self.pace is None:
            return self
        chosen, evaluator = [f"--width {self.space.width:g}"] if narrowed else [], self.evaluator
        if (fitting := self.pace.affordable(len(self.images.train), trials)) < len(self.images.train):
            evaluator = evaluator.shortened(fitting)
            chosen.append(f"--proxy-images {fitting}")
        images = evaluator.images(self.space.input_shape)
        return replace(self, evaluator=evaluator, images=images, pace=replace(self.pace, chosen=" ".join(chosen)))


def _repeat_choices(args: argparse.Namespace, folder: Path) -> None:
    """Where the run in `folder` goes on, take up what was chosen for it when it began."""
    with suppress(InputError):
        begun = read_config(folder)
        args.width = args.width or begun.width
        args.proxy_images = args.proxy_images or begun.evaluator_settings.get("proxy_images")


def _widths(args: argparse.Namespace, folder: Path) -> tuple[float, ...]:
    """The widths to choose from, the first that leaves time for enough images: one, where it is not ours to choose."""
    if args.width is not None:
        return (args.width,)
    fixed = args.backbone or args.max_ops or args.space not in family_names()
    return WIDTHS[:1] if fixed or not _is_new_and_free(args, folder) else WIDTHS


def _is_new_and_free(args: argparse.Namespace, folder: Path) -> bool:
    """Whether the run is new and no flag says how long its trainings are."""
    return args.epochs is None and args.proxy_images is None and not (folder / "config.json").exists()


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
        "genes": {gene.name: list(gene.choices) for gene in space.genes},
        "networks": space.size,
    }

"""From the flags of a search to its parts: space, evaluator, cost, settings, back end."""

import argparse
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import optuna
import torch

from mobinet import cost
from mobinet.latency.table import latency_settings, peers_in, read_table
from results.measures import ACCURACY, MEASURES, UNWEIGHTED
from results.published import published_on
from results.run_config import LATENCIES, RunConfig, latencies_of, read_config
from search.backends import BACKENDS, Backend
from search.data.catalog import find_dataset
from search.data.checking import check_pictures
from search.data.dataset import check_test, load_dataset
from search.draft import fitting_draft, wanted_shape
from search.evaluators import EVALUATORS, EvaluatorEntry
from search.limits import Limits, check_limits, limits_of, objectives_of
from search.lock import check_place
from search.messages.placement import placement_text
from search.opening import open_search
from search.pace import Pace
from search.session import MakeBackend, Search
from search.task import Evaluator
from search.training.devices import find_device, why_left_alone
from search.warm_start import networks_of
from space import Architecture, InputError, SearchSpace
from space.bounds import extreme
from space.image_sizes import Shape
from space.objective import Objective, Seconds
from space.reading import read_input
from space.writing import write_atomic


@dataclass(frozen=True, kw_only=True)
class Assembled:
    """A search, and what is said of it before it begins.

    Args:
        search: the search, open.
        backend: makes what runs its evaluations.
        images: what it trains and judges on, in words.
        place: where it computes, in words.
        pace: of its trainings, where it is known before they begin.
    """

    search: Search
    backend: MakeBackend
    images: str
    place: str
    pace: Pace | None

    def close(self) -> None:
        """Let other processes use the folder."""
        self.search.close()


def assemble(args: argparse.Namespace) -> Assembled:
    """The search that the flags ask for: a new one, or one to resume.

    Raises:
        InputError: something that the flags name is missing, or does not fit the rest or the run in the folder.
    """
    torch.set_num_threads(1)  # counting is all this process computes, and it is quicker so
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    BACKENDS[args.backend].require(args)
    folder = args.out or Path("runs", args.dataset)
    check_place(folder)
    load_dataset.cache_clear()  # pictures may have changed since an earlier search of this process
    _repeat_choices(args, folder)
    args.cost = args.cost or "ops"
    args.metric, args.class_weights = args.metric or ACCURACY.name, args.class_weights or UNWEIGHTED
    if args.published:
        published_on(find_dataset(args.dataset).published_as, MEASURES[args.metric])
    limits = limits_of(args)
    uses_latency = "latency" in (args.cost, *limits)
    if args.latency and not uses_latency:
        raise InputError("--latency is for --cost latency or --max-latency")
    if uses_latency:
        read_table(args.latency)
    costs = partial(objectives_of, args.cost, limits, latencies=args.latency)
    settings = _settings(args, EVALUATORS[args.evaluator])
    draft = fitting_draft(args, settings, folder, partial(_check_costs, costs))
    space, images = draft.space, draft.images
    objective, all_limits = costs(space=space, num_classes=len(images.classes))
    notes = check_test(args.dataset, data_dir=draft.evaluator.data_dir, dataset=images, needed=False)
    search = open_search(
        folder,
        space=space,
        evaluator=draft.evaluator,
        cost=objective,
        limits=all_limits,
        sampler=args.sampler,
        halving=args.fidelity == "halving",
        enqueue=_enqueued(args, space, folder),
        retry_failed=args.retry_failed,
        settings={
            "space": args.space,
            "binarizer": args.binarizer,
            "latency_table": str(args.latency.absolute()) if args.latency else None,
            "latency": latency_settings(args.latency, space, len(images.classes)) if uses_latency else {},
            "latency_peers": peers_in(args.latency, space) if uses_latency else {},
            "backend": args.backend,
            "workers": args.workers,
            "time_limit": args.time_limit,
            "address": args.address,
            "cpus_per_trial": args.cpus_per_trial,
            "gpus_per_trial": args.gpus_per_trial,
        },
    )
    if uses_latency:
        write_atomic(folder / LATENCIES, read_input(args.latency))
    pace, device = draft.pace, draft.evaluator.device
    if pace is None and search.study.ended < args.trials:
        pace = draft.timed(args).pace
    return Assembled(
        search=search,
        backend=partial(_make_backend, args, space.input_shape, device),
        images="\n".join((images.describe(), *notes, *_left_out(draft.evaluator.leave_out))),
        place=placement_text(args, space.input_shape, device, why_left_alone(args.device, **_trained(args))),
        pace=pace,
    )


def _check_costs(costs: Callable[..., tuple[Objective, Limits]], space: SearchSpace, num_classes: int) -> None:
    """Raises InputError where limits exclude all networks, or a cost is not known: one that no device can run."""
    objective, limits = costs(space=space, num_classes=num_classes)
    count = partial(cost, num_classes=num_classes)
    price = objective.price(count)
    price(extreme(space, price))
    check_limits(space, count, limits)


def _make_backend(args: argparse.Namespace, shape: Shape, device: str, evaluator: Evaluator) -> Backend:
    return BACKENDS[args.backend].make(evaluator, args, shape, device)


def _trained(args: argparse.Namespace) -> dict[str, Any]:
    """What decides on which device trainings are faster."""
    return {"input_shape": wanted_shape(args), "recorded": EVALUATORS[args.evaluator].recorded}


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
        args.metric = args.metric or begun.metric
        args.class_weights = args.class_weights or begun.class_weights
        args.proxy_images = args.proxy_images or begun.evaluator_settings.get("proxy_images")
        if not args.device_profile:
            _repeat_limits(args, begun)
        if begun.latency and "latency" in (args.cost, *limits_of(args)):
            args.latency = args.latency or latencies_of(begun, folder)


def _enqueued(args: argparse.Namespace, space: SearchSpace, folder: Path) -> tuple[Architecture, ...]:
    """What the flags name or, without them, what the run in `folder` was begun with."""
    if args.enqueue or args.from_run:
        return networks_of(args.enqueue, args.from_run, space)
    with suppress(InputError):
        return tuple(map(space.architecture, read_config(folder).enqueued))
    return ()


def _repeat_limits(args: argparse.Namespace, begun: RunConfig) -> None:
    for name, limit in begun.all_limits.items():
        if getattr(args, f"max_{name}") is None:
            in_seconds = begun.objective_named(name).unit == "s"
            setattr(args, f"max_{name}", Seconds(limit) if in_seconds else limit)


def _settings(args: argparse.Namespace, kind: EvaluatorEntry) -> dict[str, Any]:
    """The fields that all evaluators on images have."""
    dataset, elsewhere = find_dataset(args.dataset), BACKENDS[args.backend].elsewhere
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
        "device": args.device if named else find_device(args.device, **_trained(args)),
        "metric": args.metric,
        "class_weights": args.class_weights,
    }

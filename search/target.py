"""Which networks a retraining is asked for, and what their files say of how to train them."""

import argparse
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from results.entry import Entry, read_entry
from results.front import read_front
from results.measures import ACCURACY, UNWEIGHTED
from results.run_config import read_config
from search.data.catalog import find_dataset
from space import Architecture, InputError, named_network
from space.own_file import check_digests
from space.reading import expanded

DATA_DIR = "data"


@dataclass(frozen=True, kw_only=True)
class Target:
    """A network to train.

    Args:
        architecture: the network.
        dataset, data_dir: on which images, where, unless flags name others.
        metric, class_weights: of the search, unless flags name others.
        folder: takes the folder KEY with the results, unless a flag names another.
        cost: what the search minimised, in words; empty for OPs.
    """

    architecture: Architecture
    dataset: str
    data_dir: str
    metric: str = ACCURACY.name
    class_weights: str = UNWEIGHTED
    folder: Path
    cost: str = ""


def find_targets(args: argparse.Namespace) -> list[Target]:
    """The networks that the flags name, one or more. Raises InputError when there is none, or its file was changed."""
    path = expanded(args.network)
    if path.suffix != ".json":
        return [_named(args, path)]
    for flag in ("backbone", "width", "binarizer"):
        if getattr(args, flag) is not None:
            raise InputError(f"--{flag} goes with a network's name; {path} has its own")
    if args.all and path.name == "best.json":
        raise InputError(f"--all trains a whole front; name {path.with_name('pareto.json')}")
    keys = [entry.key for entry in read_front(path, read_config(path.parent)).entries] if args.all else [args.key]
    return [_in_file(path, key, args.dataset) for key in keys]


def _in_file(path: Path, key: str | None, dataset: str | None) -> Target:
    """A network of a best.json or pareto.json, on the images of a flag or on its own."""
    from mobinet import cost  # which loads torch

    entry = read_entry(path, key, count=cost)
    check_digests(entry.digests, {"space": entry.architecture.family, "dataset": entry.dataset}, path)
    dataset = dataset or entry.dataset
    on_its_own = dataset == entry.dataset
    return Target(
        architecture=entry.architecture,
        dataset=entry.dataset,
        data_dir=entry.data_dir if on_its_own else DATA_DIR,
        metric=entry.metric,
        class_weights=entry.class_weights,
        folder=path.parent / "retrain" if on_its_own else Path("runs", "retrain", dataset),
        cost=cost_text(entry, path.parent),
    )


def _named(args: argparse.Namespace, path: Path) -> Target:
    """A hand-designed network. Raises InputError where what the flags name is a file or folder at `path`."""
    if path.is_file():
        raise InputError(f"{path} is not a best.json or pareto.json of a search")
    if path.is_dir():
        raise InputError(f"{path} is a folder; name a file in it, such as {path / 'best.json'}")
    if args.key is not None:
        raise InputError("--key goes with a pareto.json, not with a network's name")
    dataset = args.dataset or "digits"
    shape = find_dataset(dataset).input_shape
    choices = {"binarizer": args.binarizer} if args.binarizer else {}
    network = named_network(args.network, input_shape=shape, backbone=args.backbone, width=args.width, choices=choices)
    folder = Path("runs", "retrain", dataset)
    return Target(architecture=network, dataset=dataset, data_dir=DATA_DIR, folder=folder)


def cost_text(entry: Entry, run: Path) -> str:
    """What the search in the folder `run` minimised, where that is not OPs."""
    with suppress(InputError, KeyError):
        objective = read_config(run).cost
        if objective.name != "ops":
            return f"{objective.title}: {objective.show(entry.costs[objective.name])}"
    return ""

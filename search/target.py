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
    """The networks that the flags name, one or more. Raises as `find_target` does."""
    if not args.all:
        return [find_target(args)]
    path = expanded(args.network)
    front = read_front(path, read_config(path.parent))
    return [find_target(argparse.Namespace(**{**vars(args), "key": entry.key})) for entry in front.entries]


def find_target(args: argparse.Namespace) -> Target:
    """The network that the flags name. Raises InputError when there is none, or its file was changed."""
    path = expanded(args.network)
    if path.suffix == ".json":
        from mobinet import cost  # which loads torch

        for flag in ("backbone", "width", "binarizer"):
            if getattr(args, flag) is not None:
                raise InputError(f"--{flag} goes with a network's name; {path} has its own")
        entry = read_entry(path, args.key, count=cost)
        names = {"space": entry.architecture.family, "dataset": entry.dataset}
        check_digests(entry.digests, names, path)
        on_its_own = args.dataset in (None, entry.dataset)
        return Target(
            architecture=entry.architecture,
            dataset=entry.dataset,
            data_dir=entry.data_dir if on_its_own else DATA_DIR,
            metric=entry.metric,
            class_weights=entry.class_weights,
            folder=path.parent / "retrain" if on_its_own else Path("runs", "retrain", args.dataset),
            cost=cost_text(entry, path.parent),
        )
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

"""Command-line flags that several benchmarks share."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from results.figures import format_of
from search.data.catalog import DATASETS, find_dataset
from search.flags import positive_float, positive_int
from search.recipe import Recipe
from search.training.devices import find_device
from space import SearchSpace, load_space


def add_space_flags(parser: argparse.ArgumentParser) -> None:
    """A search space and the data set that fixes the input size of its networks."""
    parser.add_argument("--dataset", choices=DATASETS, default="digits", help="default: %(default)s")
    parser.add_argument("--space", default="mobinet", help="a family of networks, or a .toml file that restricts one")
    parser.add_argument("--backbone", help="default: the one for images of the data set")
    parser.add_argument("--width", type=positive_float, default=1.0, help="factor on the backbone's channels")


def load_space_from(args: argparse.Namespace) -> SearchSpace:
    """The space that `add_space_flags` describes."""
    shape = DATASETS[args.dataset].input_shape
    return load_space(args.space, backbone=args.backbone, input_shape=shape, width=args.width)


def add_training_flags(parser: argparse.ArgumentParser) -> None:
    """Where the images are, how many to use, and what trains on them."""
    parser.add_argument("--data-dir", default="data", help="where the images are (default: %(default)s)")
    parser.add_argument("--images", type=positive_int, help="train on the first so many images (default: all)")
    add_worker_flags(parser)


def add_worker_flags(parser: argparse.ArgumentParser) -> None:
    """Which device trains, and how many networks at a time."""
    parser.add_argument("--device", help="cpu, cuda, cuda:1... (default: cuda if there is one)")
    parser.add_argument("--workers", type=positive_int, default=2, help="trainings side by side, one thread each")


def add_schedule_flags(parser: argparse.ArgumentParser) -> None:
    """What a full training has other than the data set's schedule, see `full_recipe`."""
    for flag, kind in (("--epochs", positive_int), ("--batch-size", positive_int), ("--learning-rate", positive_float)):
        parser.add_argument(flag, type=kind, help="default: the data set's full schedule")


def full_recipe(args: argparse.Namespace, dataset: str) -> Recipe:
    """The data set's full schedule with what `add_schedule_flags` changes. Raises InputError as `find_dataset`."""
    given = {name: getattr(args, name) for name in ("epochs", "batch_size", "learning_rate") if getattr(args, name)}
    return replace(find_dataset(dataset).recipes["full"], **given)


def add_plot_flag(parser: argparse.ArgumentParser) -> None:
    """Where a plot goes; see `check_plot`."""
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write a plot, .svg, .png or .pdf")


def check_plot(plot: Path | None) -> None:
    """Raises InputError, before anything is computed, where a plot is wanted that cannot be written."""
    if plot:
        format_of(plot, "--plot")


def training_settings(args: argparse.Namespace) -> dict[str, Any]:
    """The arguments of a `FullTraining` that follow from ``--dataset`` and `add_training_flags`."""
    return {
        "dataset": args.dataset,
        "data_dir": args.data_dir,
        "input_shape": DATASETS[args.dataset].input_shape,
        "device": find_device(args.device),
        "images": args.images,
    }


def image_settings(args: argparse.Namespace) -> dict[str, Any]:
    """The arguments of an evaluator on images that follow from the flags, all except the recipe."""
    return {
        "dataset": args.dataset,
        "data_dir": args.data_dir,
        "validation": DATASETS[args.dataset].validation,
        "seed": 0,
        "device": find_device(args.device),
    }

"""Train one network by several recipes, all of the same number of epochs, and compare its accuracy.

    python -m search.retrain mobilenet-v1-1 --dataset cifar10 --out runs/teacher
    python -m benchmarks.retrained.recipes mobinet-mid-k3 --teacher runs/teacher/KEY --table runs/recipes.csv

Prints one row a recipe: accuracy on the test images after the last epoch, mean and standard deviation over seeds, and
the difference to the first recipe with the p of a t-test (two samples, one variance). --table keeps the trainings: the
same command again resumes. To choose the settings of a recipe, compare files of them on validation images, with seeds
of their own:

    python -m benchmarks.retrained.recipes mobinet-mid-k3 --teacher runs/teacher/KEY --only labels \\
        --recipe warmer.toml colder.toml --validate --first-seed 100 --seeds 1
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.flags import add_schedule_flags, add_training_flags, full_recipe, training_settings
from benchmarks.retrained.compare_networks import parse_network
from benchmarks.retrained.full_training import Array, FullTraining, contrast, deviation
from search.data.catalog import DATASETS
from search.flags import positive_float, positive_int
from search.flags.recipe import read_settings
from search.recipe import Recipe
from space.command import Parser, run_command

CHANGES: Mapping[str, Mapping[str, Any]] = {
    "labels": {},
    "label smoothing, average": {"label_smoothing": 0.1, "ema": 0.99},
    "teacher": {"teacher_share": 1.0},
    "teacher and labels": {"teacher_share": 0.5},
    "teacher, average": {"teacher_share": 1.0, "ema": 0.99},
    "smaller batches": {"batch_size": 64, "learning_rate": 0.02},
    "smaller batches, teacher": {
        "batch_size": 64,
        "learning_rate": 0.02,
        "teacher_share": 1.0,
        "teacher_temperature": 3.0,
    },
    "two steps": {"first_step": 0.5},
    "teacher, two steps": {"teacher_share": 1.0, "first_step": 0.5},
}
"""What each recipe has other than the data set's own. One that names `teacher_share` has the teacher."""


def row(name: str, found: Array, first: Array) -> str:
    """A line of the table, from accuracies (seeds,) by this recipe and by the first one."""
    text = f"{name:<26} {found.mean():7.2%} +- {deviation(found[:, None])[0]:.2%}"
    if found is first:
        return text
    lead, _, p = contrast(np.stack([found, first], 1), np.array([1.0, -1.0]))
    return f"{text}  {100 * lead:+.2f} points" + (f" (p = {p:.2g})" if len(found) > 1 else "")


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("network", metavar="NETWORK", help="NAME, or NAME:GENE=CHOICE")
    parser.add_argument("--teacher", required=True, help="as --teacher of search.retrain")
    parser.add_argument("--only", nargs="+", choices=CHANGES, default=[*CHANGES], help="these recipes (default: all)")
    parser.add_argument("--recipe", nargs="+", type=Path, default=[], help="and those of these .toml files")
    parser.add_argument("--dataset", choices=DATASETS, default="cifar10", help="default: %(default)s")
    parser.add_argument("--width", type=positive_float, help="factor on the channels (default: the network's own)")
    add_training_flags(parser)
    add_schedule_flags(parser)
    parser.add_argument("--seeds", type=positive_int, default=3, help="trainings by each recipe")
    parser.add_argument("--first-seed", type=int, default=0, help="of the first of them (default: 0)")
    parser.add_argument("--validate", action="store_true", help="judge on validation images instead of test images")
    parser.add_argument("--table", type=Path, help="CSV file that keeps the trainings")
    args = parser.parse_args()
    network = parse_network(args.network, DATASETS[args.dataset].input_shape, args.width)
    compared = {name: CHANGES[name] for name in args.only} | {path.stem: read_settings(path) for path in args.recipe}
    base = full_recipe(args, args.dataset)
    print(f"{network.describe()}, width {network.width:g}, {args.images or 'all'} images, torch {torch.__version__}")
    print(base, flush=True)

    def accuracies(recipe: Recipe, teacher: str) -> Array:
        training = FullTraining(**training_settings(args), recipe=recipe, validate=args.validate, teacher=teacher)
        found = training.accuracies(
            [network], seeds=args.seeds, first_seed=args.first_seed, workers=args.workers, table=args.table
        )
        return found[:, 0]

    found: dict[str, Array] = {}
    for name, changes in compared.items():
        found[name] = accuracies(replace(base, **changes), args.teacher if "teacher_share" in changes else "")
        print(row(name, found[name], next(iter(found.values()))), flush=True)


if __name__ == "__main__":
    run_command(main, resumes=True)

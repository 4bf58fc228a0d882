"""Train one network by several recipes, all of the same number of epochs, and compare its accuracy.

    python -m search.retrain mobilenet-v1-1 --dataset cifar10 --out runs/teacher
    python -m benchmarks.retrained.recipes mobinet-mid-k3 --teacher runs/teacher/KEY --table runs/recipes.csv

Prints one row a recipe: accuracy on the test images after the last epoch, mean and standard deviation over seeds, and
the difference to the first recipe with the p of a paired t-test over seeds. --table keeps the trainings: the same
command again resumes.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import stats

from benchmarks.flags import add_training_flags, make_parser
from benchmarks.retrained.compare_networks import parse_network
from benchmarks.retrained.full_training import Array, FullTraining, deviation
from search.data.catalog import DATASETS
from search.flags import positive_float, positive_int
from search.recipe import Recipe
from search.training.devices import find_device
from space.command import run_command

CHANGES: Mapping[str, Mapping[str, Any]] = {
    "labels": {},
    "label smoothing, average": {"label_smoothing": 0.1, "ema": 0.99},
    "teacher": {"teacher_share": 1.0},
    "teacher and labels": {"teacher_share": 0.5},
    "teacher, average": {"teacher_share": 1.0, "ema": 0.99},
    "two steps": {"first_step": 0.5},
    "teacher, two steps": {"teacher_share": 1.0, "first_step": 0.5},
}
"""What each recipe has other than the data set's own. One that names `teacher_share` has the teacher."""


def row(name: str, found: Array, first: Array) -> str:
    """A line of the table, from accuracies (seeds,) by this recipe and by the first one."""
    text = f"{name:<26} {found.mean():7.2%} +- {deviation(found[:, None])[0]:.2%}"
    if found is first or len(found) == 1:
        return text
    p = stats.ttest_rel(found, first).pvalue
    return f"{text}  {100 * np.mean(found - first):+.2f} points (p = {p:.2g})"


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("network", metavar="NETWORK", help="NAME, or NAME:GENE=CHOICE")
    parser.add_argument("--teacher", required=True, help="as --teacher of search.retrain")
    parser.add_argument("--only", nargs="+", choices=CHANGES, default=[*CHANGES], help="these recipes (default: all)")
    parser.add_argument("--dataset", choices=DATASETS, default="cifar10")
    parser.add_argument("--width", type=positive_float, help="factor on the channels (default: the network's own)")
    add_training_flags(parser)
    parser.add_argument("--epochs", type=positive_int, help="default: the data set's full schedule")
    parser.add_argument("--batch-size", type=positive_int, help="default: the data set's full schedule")
    parser.add_argument("--learning-rate", type=positive_float, help="default: the data set's full schedule")
    parser.add_argument("--seeds", type=positive_int, default=3, help="trainings by each recipe")
    parser.add_argument("--table", type=Path, help="CSV file that keeps the trainings")
    args = parser.parse_args()
    entry = DATASETS[args.dataset]
    network, given = (
        parse_network(args.network, entry.input_shape, args.width),
        ("epochs", "batch_size", "learning_rate"),
    )
    base = replace(entry.recipes["full"], **{name: value for name in given if (value := getattr(args, name))})
    print(f"{network.describe()}, width {network.width:g}, {args.images or 'all'} images, torch {torch.__version__}")
    print(base, flush=True)

    def accuracies(recipe: Recipe, teacher: str) -> Array:
        training = FullTraining(
            dataset=args.dataset,
            data_dir=args.data_dir,
            input_shape=network.input_shape,
            recipe=recipe,
            device=find_device(args.device),
            images=args.images,
            teacher=teacher,
        )
        return training.accuracies([network], seeds=args.seeds, workers=args.workers, table=args.table)[:, 0]

    found: dict[str, Array] = {}
    for name in args.only:
        changes = CHANGES[name]
        found[name] = accuracies(replace(base, **changes), args.teacher if "teacher_share" in changes else "")
        print(row(name, found[name], next(iter(found.values()))), flush=True)


if __name__ == "__main__":
    run_command(main)

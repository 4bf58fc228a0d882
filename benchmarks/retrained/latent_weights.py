"""How large should latent weights be before a training?

    python -m benchmarks.retrained.latent_weights mobinet-mid-k0 mobinet-mid-k3 --width 0.125 --images 8000 --epochs 4

Trains each network with latent weights of several standard deviations, the same signs each time. Prints one row for
each: accuracy on validation images after the last epoch, mean and standard deviation over seeds, and the difference to
the first row of the network, with the p of a t-test. --table keeps the trainings: the same command again resumes.
"""

from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.flags import add_schedule_flags, add_training_flags, full_recipe, training_settings
from benchmarks.retrained.compare_networks import parse_network
from benchmarks.retrained.full_training import FullTraining
from benchmarks.retrained.recipes import row
from search.data.catalog import DATASETS
from search.flags import positive_float, positive_int
from search.flags.recipe import latent_deviation
from space.command import Parser, run_command


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("networks", nargs="+", metavar="NETWORK", help="NAME, or NAME:GENE=CHOICE")
    parser.add_argument(
        "--deviations",
        type=latent_deviation,
        nargs="+",
        default=[0.0, 0.3, 0.1, 0.03, 0.01],
        metavar="STD",
        help="0 for the binarizer's own, mostly sqrt(2 / weights of a filter) (default: %(default)s)",
    )
    parser.add_argument("--dataset", choices=DATASETS, default="cifar10", help="default: %(default)s")
    parser.add_argument("--width", type=positive_float, help="factor on the channels (default: the network's own)")
    add_training_flags(parser)
    add_schedule_flags(parser)
    parser.add_argument("--seeds", type=positive_int, default=3, help="trainings with each deviation")
    parser.add_argument("--table", type=Path, help="CSV file that keeps the trainings")
    args = parser.parse_args()
    shape, recipe = DATASETS[args.dataset].input_shape, full_recipe(args, args.dataset)
    networks = {text: parse_network(text, shape, args.width) for text in args.networks}
    print(f"{args.dataset}, {args.images or 'all'} images, {recipe}, torch {torch.__version__}", flush=True)
    for name, network in networks.items():
        print(f"{name}, width {network.width:g}")
        found = {}
        for deviation in args.deviations:
            training = FullTraining(
                **training_settings(args),
                recipe=replace(recipe, latent_deviation=deviation),
                validate=True,
            )
            reached = training.accuracies([network], seeds=args.seeds, workers=args.workers, table=args.table)
            found[deviation] = reached[:, 0]
            print(row(f"{deviation:g}", found[deviation], next(iter(found.values()))), flush=True)


if __name__ == "__main__":
    run_command(main, resumes=True)

"""Train named networks from scratch under one recipe, and compare their accuracy.

    python -m benchmarks.retrained.compare_networks vgg-small-trained vgg-small-xnor vgg-small-ste --dataset cifar10
    python -m benchmarks.retrained.compare_networks mobinet-mid-k3 mobinet-mid-k3:activation=relu --width 0.5

Prints one row a network: accuracy on the test images after the last epoch, mean and standard deviation over seeds, and
OPs. The test images are read once, at the end of each training. --validate judges on validation images instead; use it
to choose a recipe.
"""

import torch

from benchmarks.flags import add_schedule_flags, add_training_flags, full_recipe, training_settings
from benchmarks.retrained.full_training import FullTraining, deviation
from mobinet import cost
from results.words import si
from search.data.catalog import DATASETS
from search.data.dataset import load_dataset
from search.flags import positive_float, positive_int
from search.retraining.retraining import VALIDATION
from space import Architecture, named_network
from space.command import Parser, run_command


def parse_network(text: str, shape: tuple[int, int, int], width: float | None) -> Architecture:
    """A network from ``name`` or ``name:gene=choice``."""
    name, _, change = text.partition(":")
    gene, _, choice = change.partition("=")
    choices = {gene: int(choice) if choice.isdigit() else choice} if change else {}
    return named_network(name, input_shape=shape, width=width, choices=choices)


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("networks", nargs="+", metavar="NETWORK", help="NAME, or NAME:GENE=CHOICE")
    parser.add_argument("--dataset", choices=DATASETS, default="cifar10", help="default: %(default)s")
    parser.add_argument("--width", type=positive_float, help="factor on the channels (default: the network's own)")
    add_training_flags(parser)
    add_schedule_flags(parser)
    parser.add_argument("--seeds", type=positive_int, default=3, help="trainings of each network")
    parser.add_argument("--validate", action="store_true", help="judge on validation images instead of test images")
    args = parser.parse_args()
    shape = DATASETS[args.dataset].input_shape
    networks = [parse_network(text, shape, args.width) for text in args.networks]
    training = FullTraining(**training_settings(args), recipe=full_recipe(args, args.dataset), validate=args.validate)
    data = load_dataset(args.dataset, data_dir=args.data_dir, input_shape=shape, validation=VALIDATION)
    scope = f"{args.images or 'all'} images, {args.seeds} seeds, torch {torch.__version__}"
    print(f"{args.dataset}, {training.recipe}, {scope}")
    accuracies = training.accuracies(networks, seeds=args.seeds, workers=args.workers, table=None)
    kind = "validation" if args.validate else "test"
    for text, network, mean, std in zip(args.networks, networks, accuracies.mean(0), deviation(accuracies)):
        ops = si(cost(network, len(data.classes)).ops)
        print(f"{text:<32} {ops}OPs  {kind} {mean:.2%} +- {std:.2%}")


if __name__ == "__main__":
    run_command(main)

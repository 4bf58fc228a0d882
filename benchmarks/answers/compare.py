"""Train named networks from scratch under one recipe and compare them, in the mean over seeds.

    python -m benchmarks.answers.compare vgg-small-trained vgg-small-xnor vgg-small-ste --dataset cifar10
    python -m benchmarks.answers.compare mobinet-mid-k3 mobinet-mid-k3:activation=relu --dataset cifar10 --width 0.5

Prints one row a network: accuracy on the test images after the last epoch, mean and standard deviation over the
seeds, and OPs. Test images are read once, at the end of each training; with --validate, validation images take their
place, which is what a recipe is chosen by. --images scales down to the first so many training images.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context

import numpy as np
import torch

from mobinet import cost
from results.command import run_command
from search.data.catalog import DATASETS
from search.data.dataset import load_dataset, load_test
from search.flags import positive_float, positive_int
from search.progress import si
from search.recipe import Recipe
from search.training.accuracy import accuracy
from search.training.devices import find_device
from search.training.retraining import VALIDATION
from search.training.seeds import seeded_build, training_seed
from search.training.training import Training
from space import Architecture, named_network


@dataclass(frozen=True, kw_only=True)
class Job:
    """One training."""

    network: Architecture
    dataset: str
    data_dir: str
    recipe: Recipe
    images: int | None
    seed: int
    device: str
    validate: bool

    def run(self) -> float:
        """Top-1 accuracy after the last epoch."""
        shape = self.network.input_shape
        data = load_dataset(self.dataset, data_dir=self.data_dir, input_shape=shape, validation=VALIDATION)
        seed = training_seed(self.seed, self.network)
        device = torch.device(self.device)
        net = seeded_build(self.network, len(data.classes), seed)
        training = Training(net, data.train.first(self.images), recipe=self.recipe, seed=seed, device=device)
        while training.epoch < self.recipe.epochs:
            training.run_epoch()
        held = data.validation if self.validate else load_test(self.dataset, data_dir=self.data_dir, dataset=data)
        return accuracy(net, held, device=device)[0]


def run_jobs(jobs: list[Job], workers: int) -> np.ndarray:
    """The accuracy of each, (n,), trained by so many processes of one thread."""
    with ProcessPoolExecutor(workers, get_context("spawn"), torch.set_num_threads, (1,)) as pool:
        return np.array(list(pool.map(Job.run, jobs)))


def deviation(found: np.ndarray) -> np.ndarray:
    """Sample standard deviation over seeds, (seeds, n) -> (n,); 0 of a single one."""
    return found.std(0, ddof=min(1, len(found) - 1))


def parse_network(text: str, shape: tuple[int, int, int], width: float | None) -> Architecture:
    """``name`` or ``name:gene=choice``."""
    name, _, change = text.partition(":")
    gene, _, choice = change.partition("=")
    choices = {gene: int(choice) if choice.isdigit() else choice} if change else {}
    return named_network(name, input_shape=shape, width=width, choices=choices)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="+")
    parser.add_argument("--dataset", choices=DATASETS, default="cifar10")
    parser.add_argument("--data-dir", default="data")
    parser.add_argument("--width", type=positive_float)
    parser.add_argument("--epochs", type=positive_int)
    parser.add_argument("--learning-rate", type=positive_float)
    parser.add_argument("--images", type=positive_int)
    parser.add_argument("--seeds", type=positive_int, default=3)
    parser.add_argument("--device")
    parser.add_argument("--workers", type=positive_int, default=2)
    parser.add_argument("--validate", action="store_true")
    args = parser.parse_args()
    preset = DATASETS[args.dataset]
    recipe = replace(
        preset.recipes["full"],
        epochs=args.epochs or preset.recipes["full"].epochs,
        learning_rate=args.learning_rate or preset.recipes["full"].learning_rate,
    )
    networks = [parse_network(text, preset.input_shape, args.width) for text in args.networks]
    jobs = [
        Job(
            network=network,
            dataset=args.dataset,
            data_dir=args.data_dir,
            recipe=recipe,
            images=args.images,
            seed=seed,
            device=find_device(args.device),
            validate=args.validate,
        )
        for seed in range(args.seeds)
        for network in networks
    ]
    shape = networks[0].input_shape
    data = load_dataset(args.dataset, data_dir=args.data_dir, input_shape=shape, validation=VALIDATION)
    num_classes = len(data.classes)
    print(f"{args.dataset}, {recipe}, {args.images or 'all'} images, {args.seeds} seeds, torch {torch.__version__}")
    found = run_jobs(jobs, args.workers).reshape(args.seeds, len(networks))
    kind = "validation" if args.validate else "test"
    for text, network, mean, std in zip(args.networks, networks, found.mean(0), deviation(found)):
        ops = si(cost(network, num_classes).ops)
        print(f"{text:<32} {ops}OPs  {kind} {mean:.2%} +- {std:.2%}")


if __name__ == "__main__":
    run_command(main)

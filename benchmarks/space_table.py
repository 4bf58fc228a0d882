"""Train many networks of a space under several seeds, and keep their learning curves.

    python -m benchmarks.space_table --networks 640 --seeds 2 --csv benchmarks/tables/digits.csv

Two thirds of the networks are drawn, by turns uniformly and spread over the costs, the hand-designed ones first; the
rest are mutants of the front of what has been trained by then. One row a training: the choices of the genes, OPs, the
seed, and the accuracy on the search's validation images after each epoch of the proxy. Rows are written as they come,
and a table that was begun is continued.
"""

import argparse
import csv
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from random import Random

import pandas as pd
import torch

from mobinet import cost
from results.command import run_command
from results.pareto import on_front
from search.cli import find_device, positive_float, positive_int
from search.data import DATASETS
from search.evaluator import Proxy, seeded_build, training_seed
from search.machine import use_threads
from search.paths import PATHS
from search.presets import PRESETS
from search.training import Training, accuracy
from space import Architecture, SearchSpace, load_space
from space.gene import Choice

EXPLORED = 2 / 3
MUTATION = 0.15


@dataclass(frozen=True, kw_only=True)
class Job:
    """One training of a proxy on the first so many images, judged after every epoch on the first so many others."""

    network: Architecture
    proxy: Proxy
    seed: int
    images: int | None

    def curve(self) -> list[float]:
        """Accuracy after each epoch."""
        data = self.proxy.images(self.network.input_shape)
        seed = training_seed(self.seed, self.network)
        net = seeded_build(self.network, len(data.classes), seed)
        device = torch.device(self.proxy.device)
        train, held = data.train.first(self.images), data.validation.first(self.images)
        training = Training(net, train, recipe=self.proxy.recipe, seed=seed, device=device)
        found = []
        while training.epoch < self.proxy.recipe.epochs:
            training.run_epoch()
            found.append(accuracy(net, held, device=device)[0])
        return found


def explored(space: SearchSpace, ops: dict[str, float], num_classes: int) -> Iterator[Architecture]:
    """Hand-designed networks, then drawn ones without end; each is priced in `ops` by its key."""

    def price(network: Architecture) -> float:
        return ops.setdefault(network.key, cost(network, num_classes).ops)

    rng = Random(0)
    spread = PATHS["cost-bins"](space, price)
    yield from space.baselines()
    while True:
        yield space.sample(rng)
        yield from spread(rng)


def mutants(space: SearchSpace, front: list[Architecture]) -> Iterator[Architecture]:
    """Mutants of the front's networks, in turn, without end."""
    rng = Random(1)
    while True:
        for network in front:
            yield space.mutate(network, rng, p=MUTATION)


def genes_of(space: SearchSpace, network: Architecture) -> dict[str, Choice]:
    """Its choices where the space has any."""
    choices = space.spell(network)
    return {gene.name: choices[gene.name] for gene in space.genes if len(gene.choices) > 1}


def distinct(networks: Iterator[Architecture], count: int, known: set[str]) -> list[Architecture]:
    """The first so many of them that are not `known`, which are added to it."""
    found = []
    while len(found) < count:
        network = next(networks)
        if network.key not in known:
            known.add(network.key)
            found.append(network)
    return found


def read_front(path: Path, space: SearchSpace) -> list[Architecture]:
    """The front of accuracy, in the mean over seeds, against OPs."""
    genes = list(genes_of(space, space.baselines()[0]))
    table = pd.read_csv(path)
    last = table.columns[-1]
    means = table.groupby(genes, as_index=False)[["ops", last]].mean()
    front = means[on_front(means[last], means.ops)]
    return [space.architecture(row) for row in front[genes].to_dict("records")]


def train(jobs: list[Job], space: SearchSpace, num_classes: int, path: Path, workers: int) -> None:
    """Append a row for each job that has none."""
    epochs = jobs[0].proxy.recipe.epochs
    heads = [
        {**genes_of(space, job.network), "ops": int(cost(job.network, num_classes).ops), "seed": job.seed}
        for job in jobs
    ]
    names = list(heads[0])
    done = set()
    if path.exists():
        with open(path) as file:
            done = {tuple(row[name] for name in names) for row in csv.DictReader(file)}
    left = [(head, job) for head, job in zip(heads, jobs) if tuple(map(str, head.values())) not in done]
    with (
        ProcessPoolExecutor(workers, get_context("spawn"), use_threads, (1,)) as pool,
        open(path, "a", newline="") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        if not done:
            writer.writerow([*names, *(f"epoch{number + 1}" for number in range(epochs))])
        for (head, _), curve in zip(left, pool.map(Job.curve, [job for _, job in left])):
            writer.writerow([*head.values(), *(round(accuracy, 4) for accuracy in curve)])
            file.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", choices=DATASETS, default="digits")
    parser.add_argument("--data-dir", default="data")
    parser.add_argument("--space", default="mobinet")
    parser.add_argument("--width", type=positive_float, default=1.0)
    parser.add_argument("--networks", type=positive_int, default=640)
    parser.add_argument("--seeds", type=positive_int, default=2)
    parser.add_argument("--epochs", type=positive_int)
    parser.add_argument("--images", type=positive_int, help="train and judge on so many each (default: all)")
    parser.add_argument("--device")
    parser.add_argument("--workers", type=positive_int, default=2)
    parser.add_argument("--csv", type=Path, required=True)
    args = parser.parse_args()
    use_threads(1)
    preset = PRESETS[args.dataset]
    space = load_space(args.space, input_shape=preset.input_shape, width=args.width)
    proxy = Proxy(
        dataset=args.dataset,
        data_dir=args.data_dir,
        validation=preset.validation,
        recipe=replace(preset.proxy, epochs=args.epochs or preset.proxy.epochs),
        seed=0,
        device=find_device(args.device),
    )
    num_classes = len(proxy.images(space.input_shape).classes)

    def run(networks: list[Architecture]) -> None:
        seeded = product(range(args.seeds), networks)
        jobs = [Job(network=network, proxy=proxy, seed=seed, images=args.images) for seed, network in seeded]
        train(jobs, space, num_classes, args.csv, args.workers)

    known: set[str] = set()
    first = distinct(explored(space, {}, num_classes), int(args.networks * EXPLORED), known)
    run(first)
    run(distinct(mutants(space, read_front(args.csv, space)), args.networks - len(first), known))


if __name__ == "__main__":
    run_command(main)

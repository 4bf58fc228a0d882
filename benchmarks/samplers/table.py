"""Train many networks of a space under several seeds, and keep their learning curves.

    python -m benchmarks.samplers.table --networks 640 --seeds 2 --csv benchmarks/tables/digits.csv

Two thirds of the networks are drawn, by turns uniformly and spread over the costs, the hand-designed ones first; the
rest are mutants of the front of what has been trained by then. One row a training: the choices of the genes, OPs, the
seed, and the accuracy on the search's validation images after each epoch of the proxy. Rows are written as they come,
and a table that was begun is continued.
"""

import argparse
import csv
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from random import Random

import pandas as pd

from benchmarks.proxies.excerpt import Excerpt
from mobinet import cost
from results.command import run_command
from results.pareto import on_front
from search.backends.backend import Backend
from search.backends.local import Workers
from search.data.catalog import DATASETS
from search.evaluators.supernet_paths import PATHS
from search.flags import positive_float, positive_int
from search.interrupt import Interrupts
from search.loop import run_tasks
from search.machine import use_threads
from search.task import Failure, Task
from search.training.devices import find_device
from space import Architecture, InputError, SearchSpace, load_space
from space.gene import Choice

EXPLORED = 2 / 3
MUTATION = 0.15


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


def heads_of(space: SearchSpace, tasks: list[Task], num_classes: int) -> list[dict[str, Choice]]:
    """What stands in a row before the accuracies."""
    return [
        {
            **genes_of(space, task.architecture),
            "ops": int(cost(task.architecture, num_classes).ops),
            "seed": task.replicate,
        }
        for task in tasks
    ]


def append_rows(path: Path, backend: Backend, tasks: list[Task], heads: list[dict[str, Choice]]) -> None:
    """Append a row for each task that has none, as it ends."""
    names = list(heads[0])
    done = set()
    if path.exists():
        done = {tuple(row) for row in pd.read_csv(path, dtype=str)[names].to_numpy()}
    else:
        path.write_text(",".join([*names, *(f"epoch{epoch}" for epoch in tasks[0].bars)]) + "\n")
    left = {task.number: head for task, head in zip(tasks, heads) if tuple(map(str, head.values())) not in done}
    with Interrupts() as interrupts, open(path, "a", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for task, found in run_tasks(backend, (task for task in tasks if task.number in left), interrupts):
            if isinstance(found, Failure):
                raise InputError(f"{task.architecture.describe()} cannot be trained: {found.reason}")
            writer.writerow([*left[task.number].values(), *(f"{accuracy:.4f}" for accuracy in found.rungs.values())])
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
    preset = DATASETS[args.dataset]
    space = load_space(args.space, input_shape=preset.input_shape, width=args.width)
    recipe = replace(preset.recipes["proxy"], epochs=args.epochs or preset.recipes["proxy"].epochs)
    evaluator = Excerpt(
        dataset=args.dataset,
        data_dir=args.data_dir,
        validation=preset.validation,
        recipe=recipe,
        seed=0,
        device=find_device(args.device),
        count=args.images,
    )
    num_classes = len(evaluator.images(space.input_shape).classes)
    backend = Workers(evaluator, workers=args.workers, threads=1)
    bars = {epoch: 0.0 for epoch in range(1, recipe.epochs + 1)}

    def run(networks: list[Architecture]) -> None:
        drawn = enumerate(product(range(args.seeds), networks))
        tasks = [Task(number=n, architecture=network, replicate=seed, bars=bars) for n, (seed, network) in drawn]
        append_rows(args.csv, backend, tasks, heads_of(space, tasks, num_classes))

    known: set[str] = set()
    first = distinct(explored(space, {}, num_classes), int(args.networks * EXPLORED), known)
    run(first)
    run(distinct(mutants(space, read_front(args.csv, space)), args.networks - len(first), known))
    backend.close()


if __name__ == "__main__":
    run_command(main)

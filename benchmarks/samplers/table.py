"""Train many networks of a space under several seeds, and write their learning curves to a table.

    python -m benchmarks.samplers.table --networks 640 --seeds 2 --space paper.toml --csv benchmarks/tables/digits.csv

Two thirds of the networks are the hand-designed ones and random ones, drawn alternately with uniform genes and evenly
over the costs. The rest are mutants of the front of those. One row is one training: the choices of the genes, OPs, the
seed, and the validation accuracy after each epoch of the proxy. Each row is written when its training ends. To resume
a stopped command, run it again.
"""

import csv
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from random import Random

import pandas as pd

from benchmarks.flags import add_space_flags, add_training_flags, image_settings, load_space_from
from benchmarks.proxies.excerpt import Excerpt
from benchmarks.samplers.learning_curves import free_choices, free_genes
from mobinet import cost
from results.pareto import on_front
from search.backends.backend import Backend
from search.backends.local import Workers
from search.data.catalog import DATASETS
from search.evaluators.supernet_paths import PATHS
from search.flags import positive_int
from search.interrupt import Interrupts
from search.loop import run_tasks
from search.machine import use_threads
from search.task import Failure, Task
from space import Architecture, InputError, SearchSpace
from space.command import Parser, run_command
from space.gene import Choice

EXPLORED = 2 / 3
MUTATION = 0.15


def explored(space: SearchSpace, ops: dict[str, float], num_classes: int) -> Iterator[Architecture]:
    """Hand-designed networks, then random ones without end. The OPs of each are written to `ops`, by key."""

    def ops_of(network: Architecture) -> float:
        return ops.setdefault(network.key, cost(network, num_classes).ops)

    rng = Random(0)
    spread = PATHS["cost-bins"](space, ops_of)
    yield from space.baselines()
    while True:
        yield space.sample(rng)
        yield from spread(rng)


def mutants(space: SearchSpace, front: list[Architecture]) -> Iterator[Architecture]:
    """Mutants of each network of the front in turn, without end."""
    rng = Random(1)
    while True:
        for network in front:
            yield space.mutate(network, rng, p=MUTATION)


def distinct(networks: Iterator[Architecture], count: int, seen: set[str]) -> list[Architecture]:
    """The first `count` networks whose keys are not in `seen`; their keys are added to it."""
    chosen = []
    while len(chosen) < count:
        network = next(networks)
        if network.key not in seen:
            seen.add(network.key)
            chosen.append(network)
    return chosen


def read_front(path: Path, space: SearchSpace) -> list[Architecture]:
    """The front of the table: accuracy after the last epoch, mean over seeds, against OPs."""
    genes = free_genes(space)
    table = pd.read_csv(path)
    last = table.columns[-1]
    means = table.groupby(genes, as_index=False)[["ops", last]].mean()
    front = means[on_front(means[last], means.ops)]
    return [space.architecture(row) for row in front[genes].to_dict("records")]


def row_heads(space: SearchSpace, tasks: list[Task], num_classes: int) -> list[dict[str, Choice]]:
    """The columns of each row before the accuracies."""
    return [
        {
            **free_choices(space, task.architecture),
            "ops": int(cost(task.architecture, num_classes).ops),
            "seed": task.replicate,
        }
        for task in tasks
    ]


def append_rows(path: Path, backend: Backend, tasks: list[Task], heads: list[dict[str, Choice]]) -> None:
    """Run the tasks that have no row yet, and append a row when each ends."""
    names = list(heads[0])
    done = set()
    if path.exists():
        done = {tuple(row) for row in pd.read_csv(path, dtype=str)[names].to_numpy()}
    else:
        path.write_text(",".join([*names, *(f"epoch{epoch}" for epoch in tasks[0].bars)]) + "\n")
    left = {task.number: head for task, head in zip(tasks, heads) if tuple(map(str, head.values())) not in done}
    with Interrupts() as interrupts, open(path, "a", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for task, outcome in run_tasks(backend, (task for task in tasks if task.number in left), interrupts):
            if isinstance(outcome, Failure):
                raise InputError(f"{task.architecture.describe()} cannot be trained: {outcome.reason}")
            writer.writerow([*left[task.number].values(), *(f"{accuracy:.4f}" for accuracy in outcome.rungs.values())])
            file.flush()


def main() -> None:
    parser = Parser(description=__doc__)
    add_space_flags(parser)
    add_training_flags(parser)
    parser.add_argument("--networks", type=positive_int, default=640, help="how many (default: 640)")
    parser.add_argument("--seeds", type=positive_int, default=2, help="trainings of each network")
    parser.add_argument("--epochs", type=positive_int, help="of each training (default: the data set's proxy)")
    parser.add_argument("--csv", type=Path, required=True, help="the table to write, or to continue")
    args = parser.parse_args()
    use_threads(1)
    space = load_space_from(args)
    if not 2 <= args.networks <= space.size:
        raise InputError(f"--networks is from 2 to {space.size:,}, which are all of this space")
    proxy = DATASETS[args.dataset].recipes["proxy"]
    recipe = replace(proxy, epochs=args.epochs or proxy.epochs)
    evaluator = Excerpt(**image_settings(args), recipe=recipe, count=args.images)
    num_classes = len(evaluator.images(space.input_shape).classes)
    backend = Workers(evaluator, workers=args.workers, threads=1)
    bars = {epoch: 0.0 for epoch in range(1, recipe.epochs + 1)}

    def run(networks: list[Architecture]) -> None:
        trainings = enumerate(product(range(args.seeds), networks))
        tasks = [Task(number=n, architecture=network, replicate=seed, bars=bars) for n, (seed, network) in trainings]
        append_rows(args.csv, backend, tasks, row_heads(space, tasks, num_classes))

    seen: set[str] = set()
    first = distinct(explored(space, {}, num_classes), int(args.networks * EXPLORED), seen)
    run(first)
    run(distinct(mutants(space, read_front(args.csv, space)), args.networks - len(first), seen))
    backend.close()


if __name__ == "__main__":
    run_command(main, resumes=True)

"""Which short training ranks networks as the full one does? Trains a spread of networks by each, and compares.

    python -m benchmarks.proxies.candidates train --data-dir data --csv benchmarks/tables/cifar10-proxies.csv
    python -m benchmarks.proxies.candidates show --csv benchmarks/tables/cifar10-proxies.csv

`train` writes one row a training as it ends, and continues a table that was begun. All networks have their first seed
before any has its second. Accuracies are on the search's validation images; test images are not read. `show` prints,
for each schedule, its share of the full one's cost and Kendall's tau with the mean of the full trainings.
"""

import argparse
import csv
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from random import Random

import pandas as pd
import torch
from scipy.stats import kendalltau

from mobinet import cost
from results.measures import accuracy
from search.data.catalog import DATASETS
from search.data.dataset import load_dataset
from search.flags import positive_float, positive_int
from search.machine import use_threads
from search.recipe import Recipe
from search.training.judging import judge
from search.training.seeds import seeded_build, training_seed
from search.training.training import NonFiniteLoss, Training
from space import Architecture, InputError, SearchSpace, load_space
from space.command import run_command

COLUMNS = ("key", "network", "ops", "schedule", "seed", "accuracy", "seconds")
BLOCKS, KS = ("pre", "mid", "post"), (0, 2, 3, 4, 6)


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A training: so many epochs of the first so many images, by a recipe."""

    images: int
    recipe: Recipe

    @property
    def cost(self) -> int:
        """Images learned from, repetitions included."""
        return self.images * self.recipe.epochs


def _schedule(images: int, epochs: int, learning_rate: float, batch_size: int = 128) -> Schedule:
    return Schedule(images=images, recipe=Recipe(epochs=epochs, batch_size=batch_size, learning_rate=learning_rate))


FULL = "20000x24"
SCHEDULES = {
    FULL: _schedule(20000, 24, 0.01),
    "16000x3": _schedule(16000, 3, 0.02),
    "8000x6": _schedule(8000, 6, 0.02),
    "8000x6, batch 64": _schedule(8000, 6, 0.01, 64),
    "4000x12": _schedule(4000, 12, 0.02),
}


def networks_of(space: SearchSpace, drawn: int) -> list[Architecture]:
    """Hand-designed networks, every block at several K, and as many drawn: half uniformly, half of mostly large K."""
    rng = Random(0)
    uniform = (dict(block=block, k=k, pool="avg") for k in KS for block in BLOCKS)
    by_hand = [Architecture.uniform(space.backbone, width=space.width, **choices) for choices in uniform]
    networks = {network.key: network.canonical() for network in by_hand if network in space}
    while len(networks) < len(by_hand) + drawn:
        network = space.sample(rng)
        if rng.random() < 0.5:
            network = space.crossover(network, rng.choice(by_hand[-6:]), rng)
        networks.setdefault(network.key, network)
    order = list(networks.values())
    rng.shuffle(order)
    return order


@dataclass(frozen=True, kw_only=True)
class Job:
    """One training to run."""

    network: Architecture
    schedule: str
    seed: int
    data_dir: str
    pause: Path | None


def run(job: Job) -> dict[str, object]:
    """Its row."""
    while job.pause is not None and job.pause.exists():
        time.sleep(5)
    use_threads(1)
    torch.set_num_threads(1)
    schedule, network = SCHEDULES[job.schedule], job.network
    images = load_dataset(
        "cifar10", data_dir=job.data_dir, input_shape=network.input_shape, validation=DATASETS["cifar10"].validation
    )
    began, seed = time.perf_counter(), training_seed(job.seed, network)
    net = seeded_build(network, len(images.classes), seed)
    training = Training(
        net, images.train.first(schedule.images), recipe=schedule.recipe, seed=seed, device=torch.device("cpu")
    )
    try:
        while training.epoch < schedule.recipe.epochs:
            training.run_epoch()
        reached = accuracy(judge(net, images.validation, classes=len(images.classes), device=torch.device("cpu")))
    except NonFiniteLoss:
        reached = float("nan")
    return {
        "key": network.key,
        "network": network.describe(),
        "ops": cost(network, len(images.classes)).ops,
        "schedule": job.schedule,
        "seed": job.seed,
        "accuracy": reached,
        "seconds": round(time.perf_counter() - began, 1),
    }


def jobs_left(args: argparse.Namespace) -> Iterator[Job]:
    done = set()
    if args.csv.exists():
        table = pd.read_csv(args.csv, dtype={"key": str})
        done = set(zip(table["key"], table["schedule"], table["seed"]))
    space = load_space(input_shape=(3, 32, 32), width=args.width).restrict({"k": list(range(8))})
    for seed in range(args.seeds):
        for network in networks_of(space, args.drawn):
            for schedule in SCHEDULES:
                if (network.key, schedule, seed) not in done:
                    yield Job(network=network, schedule=schedule, seed=seed, data_dir=args.data_dir, pause=args.pause)


def train(args: argparse.Namespace) -> None:
    with ProcessPoolExecutor(args.workers, mp_context=get_context("spawn")) as pool:
        trainings = [pool.submit(run, job) for job in jobs_left(args)]
        for ended in as_completed(trainings):
            row = ended.result()
            new = not args.csv.exists()
            with open(args.csv, "a", newline="") as file:
                writer = csv.DictWriter(file, COLUMNS)
                if new:
                    writer.writeheader()
                writer.writerow(row)
            print(row["key"], row["schedule"], row["seed"], f"{row['accuracy']:.2%}", row["seconds"], flush=True)


def show(args: argparse.Namespace) -> None:
    if not args.csv.exists():
        raise InputError(f"{args.csv} is not there; run the command with `train` first")
    table = pd.read_csv(args.csv, dtype={"key": str})
    full = table[table["schedule"] == FULL].groupby("key")["accuracy"].mean()
    print(f"{'schedule':>18}  share  networks    mean  between    tau")
    for name, schedule in SCHEDULES.items():
        rows = table[(table["schedule"] == name) & (table["seed"] == 0)].set_index("key")["accuracy"]
        both = full.index.intersection(rows.index)
        if len(both) < 3:
            continue
        tau = kendalltau(full[both], rows[both]).statistic
        share = schedule.cost / SCHEDULES[FULL].cost
        print(f"{name:>18}  {share:5.1%}  {len(both):>8}  {rows.mean():6.2%}  {rows.std():7.2%}  {tau:5.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("train", "show"))
    parser.add_argument("--csv", type=Path, required=True)
    parser.add_argument("--data-dir", default="data")
    parser.add_argument("--width", type=positive_float, default=0.125)
    parser.add_argument("--drawn", type=positive_int, default=21, help="networks beside the hand-designed ones")
    parser.add_argument("--seeds", type=positive_int, default=2)
    parser.add_argument("--workers", type=positive_int, default=2)
    parser.add_argument("--pause", type=Path, help="begin no training while this file exists")
    args = parser.parse_args()
    {"train": train, "show": show}[args.what](args)


if __name__ == "__main__":
    run_command(main, resumes=True)

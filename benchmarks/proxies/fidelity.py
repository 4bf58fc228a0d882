"""Do the evaluators tell the truth? Ranks networks by each and by the full schedule, all under two seeds.

The networks are spread over the whole range of costs: of those drawn uniformly, few are cheap or dear.

    python -m benchmarks.proxies.fidelity --networks 30 --epochs 10 20 40
    python -m benchmarks.proxies.fidelity --networks 40 --supernets uniform:400 cost-bins:400 sandwich:100

Prints, per evaluator: mean accuracy, spread between networks, spread between two seeds of one network, Kendall's tau
between the two seeds and against the mean of the full trainings, the regret of choosing by it, the seconds of one
evaluation and their share of the full training's, and the seconds that training one supernet took beforehand, on one
core. All accuracies are of the search's validation images. With --csv it leaves every accuracy.
"""

import argparse
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import torch
from scipy.stats import kendalltau

from benchmarks.proxies.excerpt import Excerpt
from mobinet import cost
from results.command import run_command
from search.backends.local import Workers
from search.data.catalog import DATASETS
from search.evaluators.on_images import OnImages
from search.evaluators.one_shot import OneShot
from search.evaluators.supernet_paths import PATHS
from search.flags import positive_float, positive_int
from search.interrupt import Interrupts
from search.loop import run_tasks
from search.machine import use_threads
from search.task import Task
from search.training.devices import find_device
from space import Architecture, SearchSpace, load_space

SEEDS = 2


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one evaluator said.

    Args:
        accuracies: (networks, seeds).
        seconds: of one evaluation, the median.
        training: seconds of training beforehand, for each seed.
    """

    accuracies: np.ndarray
    seconds: float
    training: float = 0.0


def measure(evaluator: OnImages, networks: list[Architecture], workers: int) -> Measured:
    """Ask it about every network, under each seed."""
    columns, seconds, training = [], [], 0.0
    for seed in range(SEEDS):
        seeded = replace(evaluator, seed=seed)
        with TemporaryDirectory() as folder:
            if isinstance(seeded, OneShot):
                seeded = replace(seeded, checkpoint=Path(folder, "last.pt"))
                began = time.perf_counter()
                seeded.train(lambda epoch, loss: None)
                training += (time.perf_counter() - began) / SEEDS
            backend = Workers(seeded, workers=workers, threads=1)
            tasks = (Task(number=number, architecture=network) for number, network in enumerate(networks))
            with Interrupts() as interrupts:
                found = {task.number: evaluation for task, evaluation in run_tasks(backend, tasks, interrupts)}
            backend.close()
        columns.append([found[number].accuracy for number in range(len(networks))])
        seconds += [evaluation.seconds for evaluation in found.values()]
    return Measured(accuracies=np.transpose(columns), seconds=float(np.median(seconds)), training=training)


def networks_to_rank(space: SearchSpace, count: int, num_classes: int) -> list[Architecture]:
    """`count` networks, always the same, spread evenly over the range of log costs."""
    draw, rng = PATHS["cost-bins"](space, lambda network: cost(network, num_classes).ops), Random(2)
    return [network for _ in range(count) for network in draw(rng)]


def ranking(columns: Iterable[np.ndarray], truth: np.ndarray) -> tuple[float, float]:
    """Kendall's tau with the truth, (n,), and what choosing by it loses, in the mean over columns of (n,)."""
    taus, regrets = zip(*((kendalltau(c, truth).statistic, truth.max() - truth[c.argmax()]) for c in columns))
    return float(np.mean(taus)), float(np.mean(regrets))


def describe(name: str, found: Measured, full: Measured) -> str:
    accuracies, truth = found.accuracies, full.accuracies.mean(1)
    noise = np.sqrt((np.diff(accuracies) ** 2).mean() / 2)
    tau, regret = ranking(accuracies.T, truth)
    return (
        f"{name:>20}  {accuracies.mean():6.2%} {accuracies.mean(1).std():8.2%} {noise:7.2%}"
        f"  {kendalltau(*accuracies.T).statistic:10.2f} {tau:9.2f} {regret:7.2%}"
        f" {found.seconds:8.3f} {found.seconds / full.seconds:6.1%} {found.training:9.0f}"
    )


def paths_and_epochs(text: str) -> tuple[str, int]:
    paths, _, epochs = text.partition(":")
    if paths not in PATHS:
        raise argparse.ArgumentTypeError(f"{text} is not PATHS:EPOCHS with PATHS one of {', '.join(PATHS)}")
    return paths, positive_int(epochs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", choices=DATASETS, default="digits")
    parser.add_argument("--data-dir", default="data")
    parser.add_argument("--space", default="mobinet")
    parser.add_argument("--width", type=positive_float, default=1.0)
    parser.add_argument("--images", type=positive_int, help="train and judge on so many each (default: all)")
    parser.add_argument("--networks", type=positive_int, default=30)
    parser.add_argument("--epochs", type=positive_int, nargs="+", help="of the proxies (default: the preset's)")
    parser.add_argument("--full-epochs", type=positive_int, help="default: the preset's")
    parser.add_argument("--supernets", type=paths_and_epochs, nargs="+", default=[], metavar="PATHS:EPOCHS")
    parser.add_argument("--device")
    parser.add_argument("--workers", type=positive_int, default=2)
    parser.add_argument("--csv", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    use_threads(1)
    preset = DATASETS[args.dataset]
    space = load_space(args.space, input_shape=preset.input_shape, width=args.width)
    common = {
        "dataset": args.dataset,
        "data_dir": args.data_dir,
        "validation": preset.validation,
        "seed": 0,
        "device": find_device(args.device),
    }
    full = replace(preset.recipes["full"], epochs=args.full_epochs or preset.recipes["full"].epochs)
    evaluators: dict[str, OnImages] = {f"full, {full.epochs}": Excerpt(**common, recipe=full, count=args.images)}
    for epochs in args.epochs or [preset.recipes["proxy"].epochs]:
        proxy = replace(preset.recipes["proxy"], epochs=epochs)
        evaluators[f"proxy, {epochs}"] = Excerpt(**common, recipe=proxy, count=args.images)
    for paths, epochs in args.supernets:
        recipe = replace(preset.recipes["supernet"], epochs=epochs)
        one_shot = OneShot(**common, recipe=recipe, space=space, paths=paths, checkpoint=Path())
        evaluators[f"{paths}, {epochs}"] = one_shot
    classes = len(next(iter(evaluators.values())).images(space.input_shape).classes)
    networks = networks_to_rank(space, args.networks, classes)
    scope = f"width {args.width:g}, {args.images or 'all'} images, {SEEDS} seeds"
    print(f"{len(networks)} networks of {args.space} on {args.dataset} at {scope}")
    print("           evaluator    mean  between   seeds  tau(seeds) tau(full)  regret  seconds  share  training")
    found = {}
    for name, evaluator in evaluators.items():
        found[name] = measure(evaluator, networks, args.workers)
        print(describe(name, found[name], next(iter(found.values()))), flush=True)
    if args.csv:
        columns = {f"{name}, seed {seed}": m.accuracies[:, seed] for name, m in found.items() for seed in range(SEEDS)}
        table = pd.DataFrame({"network": [network.describe() for network in networks], **columns})
        args.csv.write_text(table.round(4).to_csv(index=False))


if __name__ == "__main__":
    run_command(main)

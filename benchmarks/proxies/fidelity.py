"""How well does each evaluator rank networks? Compares them with the full schedule, under two seeds each.

    python -m benchmarks.proxies.fidelity --networks 30 --epochs 10 20 40
    python -m benchmarks.proxies.fidelity --networks 40 --supernets uniform:400 cost-bins:400 sandwich:100

The networks are spread evenly over the range of costs. (Uniform draws hold few cheap and few expensive networks.)

Prints one row an evaluator. All accuracies are on the validation images of the search. With --csv it writes them all.

    mean        mean accuracy
    between     standard deviation between networks
    seeds       standard deviation between two seeds of one network
    tau(seeds)  Kendall's tau between the two seeds
    tau(full)   Kendall's tau with the mean accuracy of the full trainings, mean over seeds
    regret      accuracy lost by choosing the best network with this evaluator, mean over seeds
    seconds     of one evaluation, the median
    share       of the seconds of a full training
    training    seconds to train the supernet beforehand, on one core

With --teacher each proxy is also trained by what the teacher says in place of the labels (taught). --full takes the
accuracies of the full trainings from a file that --csv wrote, in place of training for hours again:

    python -m benchmarks.proxies.fidelity --networks 30 --epochs 10 --csv runs/fidelity.csv
    python -m benchmarks.proxies.fidelity --networks 30 --epochs 10 --full runs/fidelity.csv --teacher runs/teacher/KEY
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

from benchmarks.flags import add_space_flags, add_training_flags, image_settings, load_space_from
from benchmarks.proxies.excerpt import Excerpt
from mobinet import cost
from search.backends.local import Workers
from search.data.catalog import DATASETS
from search.evaluators.on_images import OnImages
from search.evaluators.one_shot import OneShot
from search.evaluators.supernet_paths import PATHS
from search.flags import positive_float, positive_int
from search.flags.recipe import latent_deviation
from search.interrupt import Interrupts
from search.loop import run_tasks
from search.machine import use_threads
from search.task import Evaluation, Failure, Task
from space import Architecture, InputError, SearchSpace
from space.command import Parser, run_command

SEEDS = 2


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The accuracies that one evaluator gave.

    Args:
        accuracies: (networks, seeds), 0 to 1.
        seconds: of one evaluation, the median.
        training: seconds of training beforehand, for each seed.
    """

    accuracies: np.ndarray
    seconds: float
    training: float = 0.0


def measure(evaluator: OnImages, networks: list[Architecture], workers: int) -> Measured:
    """Evaluate every network under each seed."""
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
                outcomes = {task.number: outcome for task, outcome in run_tasks(backend, tasks, interrupts)}
            backend.close()
        evaluations = [evaluation_of(network, outcomes[number]) for number, network in enumerate(networks)]
        columns.append([evaluation.accuracy for evaluation in evaluations])
        seconds += [evaluation.seconds for evaluation in evaluations]
    return Measured(accuracies=np.transpose(columns), seconds=float(np.median(seconds)), training=training)


def evaluation_of(network: Architecture, outcome: Evaluation | Failure) -> Evaluation:
    """`outcome`; raises InputError if it is a failure."""
    if isinstance(outcome, Failure):
        raise InputError(f"{network.describe()} cannot be evaluated: {outcome.reason}")
    return outcome


def networks_to_rank(space: SearchSpace, count: int, num_classes: int) -> list[Architecture]:
    """`count` networks, spread evenly over the range of log OPs; always the same ones."""
    draw, rng = PATHS["cost-bins"](space, lambda network: cost(network, num_classes).ops), Random(2)
    return [network for _ in range(count) for network in draw(rng)]


def ranking(columns: Iterable[np.ndarray], truth: np.ndarray) -> tuple[float, float]:
    """Kendall's tau with `truth`, (n,), and the regret of choosing by `columns`, (n,) each; means over columns."""
    taus, regrets = zip(*((kendalltau(c, truth).statistic, truth.max() - truth[c.argmax()]) for c in columns))
    return float(np.mean(taus)), float(np.mean(regrets))


def describe(name: str, measured: Measured, full: Measured) -> str:
    accuracies, truth = measured.accuracies, full.accuracies.mean(1)
    noise = np.sqrt((np.diff(accuracies) ** 2).mean() / 2)
    tau, regret = ranking(accuracies.T, truth)
    return (
        f"{name:>20}  {accuracies.mean():6.2%} {accuracies.mean(1).std():8.2%} {noise:7.2%}"
        f"  {kendalltau(*accuracies.T).statistic:10.2f} {tau:9.2f} {regret:7.2%}"
        f" {measured.seconds:8.3f} {measured.seconds / full.seconds:6.1%} {measured.training:9.0f}"
    )


def paths_and_epochs(text: str) -> tuple[str, int]:
    paths, _, epochs = text.partition(":")
    if paths not in PATHS:
        raise argparse.ArgumentTypeError(f"{text} is not PATHS:EPOCHS with PATHS one of {', '.join(PATHS)}")
    return paths, positive_int(epochs)


def evaluators_from(args: argparse.Namespace, space: SearchSpace) -> dict[str, OnImages]:
    """By name, the full schedule first."""
    recipes, settings = DATASETS[args.dataset].recipes, image_settings(args)
    proxy = replace(recipes["proxy"], latent_deviation=args.latent_deviation)
    full = replace(recipes["full"], epochs=args.full_epochs or recipes["full"].epochs)
    trainings = [("full", full, "")]
    for epochs in args.epochs or [proxy.epochs]:
        trainings.append(("proxy", replace(proxy, epochs=epochs), ""))
        for temperature in args.teacher_temperature if args.teacher else []:
            taught = replace(proxy, epochs=epochs, teacher_temperature=temperature)
            trainings.append((f"taught at {temperature:g}", taught, args.teacher))
    evaluators: dict[str, OnImages] = {
        f"{name}, {recipe.epochs}": Excerpt(**settings, recipe=recipe, count=args.images, teacher=teacher)
        for name, recipe, teacher in trainings
    }
    for paths, epochs in args.supernets:
        recipe = replace(recipes["supernet"], epochs=epochs)
        evaluators[f"{paths}, {epochs}"] = OneShot(
            **settings, recipe=recipe, space=space, paths=paths, checkpoint=Path()
        )
    return evaluators


def read_accuracies(path: Path, space: SearchSpace, classes: int) -> tuple[list[Architecture], dict[str, np.ndarray]]:
    """What --csv wrote: the networks and, by evaluator, the full schedule first, their accuracies, (networks, seeds).

    Raises InputError: it is another file, or of another space.
    """
    table = pd.read_csv(path)
    if "network" not in table:
        raise InputError(f"{path} is no table that benchmarks.proxies.fidelity --csv wrote")
    networks = networks_to_rank(space, len(table), classes)
    if [network.describe() for network in networks] != table["network"].tolist():
        raise InputError(f"{path} ranks networks of another space; give its --dataset, --space and --width")
    columns: dict[str, list[str]] = {}
    for column in map(str, table.columns[1:]):
        columns.setdefault(column.rpartition(", seed ")[0], []).append(column)
    return networks, {name: table[seeds].to_numpy(float) for name, seeds in columns.items()}


def read_full(path: Path, name: str, space: SearchSpace, count: int, classes: int) -> Measured:
    """The full trainings of `count` networks in what --csv wrote; their seconds are not known. Raises InputError."""
    networks, accuracies = read_accuracies(path, space, classes)
    if len(networks) != count or name not in accuracies:
        raise InputError(f"{path} has no {name} of these networks; leave out --full")
    return Measured(accuracies=accuracies[name], seconds=np.nan)


def main() -> None:
    parser = Parser(description=__doc__)
    add_space_flags(parser)
    add_training_flags(parser)
    parser.add_argument("--networks", type=positive_int, default=30, help="how many to rank")
    parser.add_argument("--epochs", type=positive_int, nargs="+", help="of each proxy (default: the data set's)")
    parser.add_argument("--full-epochs", type=positive_int, help="of the full schedule (default: the data set's)")
    parser.add_argument("--latent-deviation", type=latent_deviation, default=0.0, help="of each proxy, as in a recipe")
    supernets = f"to rank with too: {', '.join(PATHS)}, each with the epochs that it trains"
    parser.add_argument(
        "--supernets", type=paths_and_epochs, nargs="+", default=[], metavar="PATHS:EPOCHS", help=supernets
    )
    parser.add_argument("--teacher", help="to rank by proxies that learn from it, too: as --teacher of search.retrain")
    parser.add_argument(
        "--teacher-temperature", type=positive_float, nargs="+", default=[1.0], help="of the teacher (default: 1)"
    )
    parser.add_argument("--full", type=Path, metavar="CSV", help="read the full trainings from what --csv wrote")
    parser.add_argument("--csv", type=Path, help="write every accuracy")
    args = parser.parse_args()
    torch.set_num_threads(1)
    use_threads(1)
    space = load_space_from(args)
    evaluators = evaluators_from(args, space)
    classes = len(next(iter(evaluators.values())).images(space.input_shape).classes)
    networks = networks_to_rank(space, args.networks, classes)
    scope = f"width {args.width:g}, {args.images or 'all'} images, {SEEDS} seeds"
    print(f"{len(networks)} networks of {args.space} on {args.dataset} at {scope}")
    print("           evaluator    mean  between   seeds  tau(seeds) tau(full)  regret  seconds  share  training")
    results: dict[str, Measured] = {}
    for name, evaluator in evaluators.items():
        if args.full and not results:
            results[name] = read_full(args.full, name, space, args.networks, classes)
        else:
            results[name] = measure(evaluator, networks, args.workers)
        print(describe(name, results[name], next(iter(results.values()))), flush=True)
    if args.csv:
        columns = {f"{name}, seed {n}": m.accuracies[:, n] for name, m in results.items() for n in range(SEEDS)}
        table = pd.DataFrame({"network": [network.describe() for network in networks], **columns})
        args.csv.write_text(table.round(4).to_csv(index=False))


if __name__ == "__main__":
    run_command(main)

"""Does the proxy tell the truth? Ranks networks by short trainings and by the full schedule, each under two seeds.

    python -m benchmarks.fidelity --networks 30 --epochs 10 20 40

Prints, per schedule: mean accuracy, spread between networks, spread between two seeds of one network, Kendall's tau
between the two seeds and against the mean of the full trainings, the regret of choosing by the schedule, and its
share of the full cost. All accuracies are of the search's validation images.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from random import Random

import numpy as np
import torch
from scipy.stats import kendalltau

from results.command import run_command
from search.cli import find_device, positive_int
from search.data import DATASETS
from search.evaluator import Proxy
from search.presets import PRESETS
from space import Architecture, load_space

SEEDS = 2


def measure(proxy: Proxy, networks: list[Architecture], workers: int) -> tuple[np.ndarray, float]:
    """Accuracies (networks, seeds), and the mean seconds of one training."""
    jobs = [(network, seed) for network in networks for seed in range(SEEDS)]
    with ProcessPoolExecutor(workers, get_context("spawn"), torch.set_num_threads, (1,)) as pool:
        found = list(pool.map(partial(evaluate, proxy), jobs))
    accuracies = np.array([evaluation.accuracy for evaluation in found]).reshape(-1, SEEDS)
    return accuracies, float(np.mean([evaluation.seconds for evaluation in found]))


def evaluate(proxy: Proxy, job: tuple[Architecture, int]):
    return proxy(job[0], replicate=job[1])


def describe(name: str, accuracies: np.ndarray, seconds: float, full: np.ndarray, full_seconds: float) -> str:
    noise = np.sqrt((np.diff(accuracies) ** 2).mean() / 2)
    truth = full.mean(1)
    taus = [kendalltau(accuracies[:, seed], truth).statistic for seed in range(SEEDS)]
    regret = np.mean([truth.max() - truth[accuracies[:, seed].argmax()] for seed in range(SEEDS)])
    return (
        f"{name:>16}  {accuracies.mean():6.2%} {accuracies.mean(1).std():8.2%} {noise:7.2%}"
        f"  {kendalltau(*accuracies.T).statistic:10.2f} {np.mean(taus):8.2f} {regret:8.2%}"
        f" {seconds:8.1f} {seconds / full_seconds:6.1%}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", choices=DATASETS, default="digits")
    parser.add_argument("--data-dir", default="data")
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--networks", type=positive_int, default=30)
    parser.add_argument("--epochs", type=positive_int, nargs="+", help="of the proxies (default: the preset's)")
    parser.add_argument("--full-epochs", type=positive_int, help="default: the preset's")
    parser.add_argument("--device")
    parser.add_argument("--workers", type=positive_int, default=2)
    args = parser.parse_args()
    preset = PRESETS[args.dataset]
    space = load_space(input_shape=preset.input_shape, width=args.width)
    rng = Random(1)
    networks = [space.sample(rng) for _ in range(args.networks)]
    full = replace(preset.full, epochs=args.full_epochs or preset.full.epochs)
    recipes = {f"full, {full.epochs}": full}
    for epochs in args.epochs or [preset.proxy.epochs]:
        recipes[f"proxy, {epochs}"] = replace(preset.proxy, epochs=epochs)
    print(f"{args.networks} networks of {args.dataset} at width {args.width:g}, {SEEDS} seeds")
    print("        schedule    mean  between   seeds  tau(seeds) tau(full)  regret  seconds  share")
    reference = None
    for name, recipe in recipes.items():
        proxy = Proxy(
            dataset=args.dataset,
            data_dir=args.data_dir,
            validation=preset.validation,
            recipe=recipe,
            seed=0,
            device=find_device(args.device),
        )
        found = measure(proxy, networks, args.workers)
        reference = reference or found
        print(describe(name, *found, *reference), flush=True)


if __name__ == "__main__":
    run_command(main)

"""Search a space for the networks with the best accuracy at each cost.

    python -m search.run --trials 200

The same command goes on where an earlier one stopped, and ends at that many trials in total.
"""

import argparse
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
import torch
from tqdm import tqdm

from mobinet import Cost, cost
from results.command import run_command
from results.published import published_on
from results.run_config import settle_config, versions
from results.tables import SCHEMA
from search.backends.backend import Backend
from search.backends.local import InProcess, Workers
from search.backends.ray_tune.backend import RayBackend, require_ray
from search.data.catalog import PRESETS, Preset
from search.data.dataset import load_dataset
from search.evaluators.on_images import OnImages
from search.evaluators.one_shot import OneShot
from search.evaluators.proxy import Proxy
from search.evaluators.supernet_paths import PATHS
from search.flags import (
    add_backend_flags,
    add_common_flags,
    check_backend_flags,
    find_device,
    positive_float,
    positive_int,
)
from search.loop import Hopeless, measure_noise, run_search
from search.machine import cores, use_threads, useful_threads
from search.outputs import Outputs
from search.progress import Progress, si
from search.samplers import SAMPLERS
from search.study.halving import rungs_of
from search.study.study import Study
from search.task import Evaluation, Failure, Task
from search.training.training import NonFiniteLoss
from space import Architecture, InputError, SearchSpace, load_space
from space.bounds import extreme
from space.objective import OBJECTIVES

EVALUATORS = ("proxy", "supernet")
FIDELITIES = ("full", "halving")


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m search.run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_common_flags(parser)
    parser.set_defaults(dataset="digits", data_dir="data")
    parser.add_argument(
        "--evaluator",
        choices=EVALUATORS,
        default="proxy",
        help="train each network briefly, or one supernet for all; --epochs is of that training",
    )
    parser.add_argument("--paths", choices=PATHS, help="drawn at each step of the supernet's training")
    parser.add_argument(
        "--trials", type=positive_int, help="in total, over all runs of this command (default: 200; supernet: 1000)"
    )
    parser.add_argument("--backbone", help="default: the one that fits the data set")
    parser.add_argument("--width", type=positive_float, default=1.0, help="factor on the backbone's channels")
    parser.add_argument("--space", default="mobinet", help="a family of networks, or a .toml file that restricts one")
    parser.add_argument("--sampler", choices=SAMPLERS, help="default: front; supernet: evolution")
    parser.add_argument(
        "--fidelity",
        choices=FIDELITIES,
        default="full",
        help="train every network to the end, or stop those that will hardly reach the front",
    )
    parser.add_argument("--max-ops", type=positive_float, help="train no network above so many OPs, such as 2.5e6")
    add_backend_flags(parser)
    parser.add_argument("--published", action="store_true", help="overlay published results in the report")
    parser.add_argument("--out", type=Path, help="folder of the run (default: runs/DATASET)")
    args = parser.parse_args(argv)
    check_backend_flags(parser, args)
    one_shot = args.evaluator == "supernet"
    if args.paths and not one_shot:
        parser.error("--paths goes with --evaluator supernet")
    if args.fidelity != "full" and one_shot:
        parser.error("--fidelity goes with --evaluator proxy")
    if args.time_limit and args.workers == 0:
        parser.error("--time-limit goes with --workers 1 or more: a trial in this process cannot be stopped")
    args.trials = args.trials or (1000 if one_shot else 200)
    args.sampler = args.sampler or ("evolution" if one_shot else "front")
    return args


def main() -> None:
    args = parse()
    torch.set_num_threads(1)  # counting is all this process computes, and it is quicker so
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if args.backend == "ray":
        require_ray(args.address)
    preset = PRESETS[args.dataset]
    if args.published:
        published_on(args.dataset)
    folder = args.out or Path("runs", args.dataset)
    space = load_space(args.space, backbone=args.backbone, input_shape=preset.input_shape, width=args.width)
    if args.binarizer:
        space = space.restrict({"binarizer": args.binarizer})
    evaluator = make_evaluator(args, preset, space, folder)
    images = evaluator.images(space.input_shape)
    num_classes = len(images.classes)

    def count(network: Architecture) -> Cost:
        return cost(network, num_classes)

    def ops(network: Architecture) -> float:
        return count(network).ops

    cheapest = extreme(space, ops)
    if args.max_ops is not None and args.max_ops < ops(cheapest):
        raise InputError(f"every network of this space costs at least {ops(cheapest):g} OPs; raise --max-ops")
    dearest_ops = args.max_ops or ops(extreme(space, ops, dearest=True))
    config = {
        "schema": SCHEMA,
        "evaluator": args.evaluator,
        **evaluator.settings(),
        "num_classes": num_classes,
        "train_images": len(images.train),
        "validation_images": len(images.validation),
        "fingerprint": images.fingerprint,
        "family": space.family,
        "backbone": space.backbone,
        "width": space.width,
        "genes": {gene.name: list(gene.choices) for gene in space.genes},
        "networks": space.size,
        "space": args.space,
        "binarizer": args.binarizer,
        "sampler": args.sampler,
        "fidelity": args.fidelity,
        "max_ops": args.max_ops,
        "reference": {"accuracy": 1 / num_classes, "ops": dearest_ops},
        "backend": args.backend,
        "workers": args.workers,
        "time_limit": args.time_limit,
        "address": args.address,
        "cpus_per_trial": args.cpus_per_trial,
        "gpus_per_trial": args.gpus_per_trial,
        "versions": versions(),
    }
    del images  # they may be a GiB, and workers have their own
    study = Study(
        folder,
        space=space,
        count=count,
        objective=OBJECTIVES["ops"],
        limit=args.max_ops,
        sampler=args.sampler,
        seed=args.seed,
        rungs=rungs_of(evaluator.recipe.epochs) if args.fidelity == "halving" else (),
    )
    settle_config(folder, config)
    print(
        f"{space.size:.3g} networks of {si(ops(cheapest)).strip()}OPs to {si(dearest_ops).strip()}OPs; "
        f"{len(space.baselines())} of them designed by hand\n"
        f"{config['train_images']} images to train on, {config['validation_images']} to judge on; "
        f"{len(study)} trials so far",
        flush=True,
    )
    search(study, evaluator, config, args=args, folder=folder, ops=ops)


def search(
    study: Study,
    evaluator: OnImages,
    config: dict[str, Any],
    *,
    args: argparse.Namespace,
    folder: Path,
    ops: Callable[[Architecture], float],
) -> None:
    """Run the trials, and write the outputs however it ends."""
    reference = config["reference"]["accuracy"], config["reference"]["ops"]
    one_shot = isinstance(evaluator, OneShot)
    if one_shot:
        train_supernet(evaluator)
    if args.workers != 0:
        load_dataset.cache_clear()
    if args.backend == "ray":
        backend = make_ray_backend(evaluator, args, study.space.input_shape)
    else:
        backend = make_backend(evaluator, args.workers, study.space.input_shape, args.time_limit)
    progress = Progress(study.table(), trials=args.trials, reference=reference, objective=OBJECTIVES["ops"], price=ops)
    outputs = Outputs(folder, study, config, noisy=not one_shot, published=args.published)

    def on_trial(task: Task, outcome: Evaluation | Failure) -> None:
        progress.on_trial(task, outcome)
        outputs.refresh()

    try:
        run_search(study, backend, trials=args.trials, on_trial=on_trial)
        if not one_shot:  # which does not know of the noise between seeds
            measure_noise(study, backend, on_note=progress.note)
    except Hopeless as error:
        raise InputError(f"the first trials all failed, the last one with: {error}") from None
    finally:
        progress.close()
        backend.close()
        outputs.write()
    if not study.has_results():
        raise InputError(f"no trial succeeded; the reasons are in {folder}/trials.csv")
    if len(study) < args.trials:
        print(f"found no more networks within the budget: ended at {len(study)} trials")
    print(f"wrote {folder}/report.html, pareto.csv and best.json")


def make_evaluator(args: argparse.Namespace, preset: Preset, space: SearchSpace, folder: Path) -> OnImages:
    """The evaluator that the flags ask for."""
    one_shot = args.evaluator == "supernet"
    recipe = preset.supernet if one_shot else preset.proxy
    elsewhere = args.backend == "ray"  # in other folders, on machines that may have the GPU that this one lacks
    common = {
        "dataset": args.dataset,
        "data_dir": str(Path(args.data_dir).absolute()) if elsewhere else args.data_dir,
        "validation": preset.validation,
        "recipe": replace(recipe, epochs=args.epochs or recipe.epochs),
        "seed": args.seed,
        "device": args.device if elsewhere and args.device and not one_shot else find_device(args.device),
    }
    if not one_shot:
        return Proxy(**common)
    checkpoint = folder.absolute() / "supernet" / "last.pt"
    return OneShot(**common, space=space, paths=args.paths or "cost-bins", checkpoint=checkpoint)


def train_supernet(evaluator: OneShot) -> None:
    """Train it, with all cores, unless that is done."""
    use_threads(useful_threads(evaluator.space.input_shape, cores()))
    with tqdm(total=evaluator.recipe.epochs, desc="supernet", unit="epoch", dynamic_ncols=True) as bar:

        def told(epoch: int, loss: float) -> None:
            bar.set_postfix_str(f"loss {loss:.3f}", refresh=False)
            bar.update(epoch - bar.n)

        try:
            evaluator.train(told)
        except NonFiniteLoss as error:
            raise InputError(f"the supernet diverged: {error}; use another --seed and --out") from None


def make_backend(
    evaluator: OnImages, workers: int | None, input_shape: tuple[int, int, int], time_limit: float | None = None
) -> Backend:
    """As many processes as asked for; by default one a core, or one for a GPU. They share out the threads."""
    if workers is None:
        workers = cores() if evaluator.device == "cpu" else 1
    threads = useful_threads(input_shape, cores() // max(1, workers))
    if workers:
        return Workers(evaluator, workers=workers, threads=threads, time_limit=time_limit or math.inf)
    use_threads(threads)
    return InProcess(evaluator)


def make_ray_backend(evaluator: OnImages, args: argparse.Namespace, input_shape: tuple[int, int, int]) -> Backend:
    """On the cluster asked for; by default a worker takes one CPU, and a GPU if it computes there."""
    cpus = args.cpus_per_trial or 1
    gpus = args.gpus_per_trial or float(evaluator.device == "cuda")
    threads = useful_threads(input_shape, cpus)
    limit = args.time_limit or math.inf
    return RayBackend(evaluator, address=args.address, cpus=cpus, gpus=gpus, threads=threads, time_limit=limit)


if __name__ == "__main__":
    run_command(main)

"""What a search costs apart from its trainings: proposals, writing each trial, dispatch to a worker, the report.

    python -m benchmarks.limits.scale --trials 10000

Makes a study of so many trials whose accuracies are computed from the networks' keys, and continues it with each
sampler for a few more. Prints the milliseconds to propose a network and write its trial (median and 95 %), the seconds
to open the study and to write the tables and the report, and what each back end adds to a training.
"""

import shutil
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np
import optuna

from benchmarks.limits.instant import instant
from mobinet import Cost, cost
from results.files import write_json
from results.run_config import Reference, RunConfig
from search.backends.backend import Backend
from search.backends.local import Workers
from search.backends.ray_tune.backend import RayBackend
from search.flags import positive_int
from search.interrupt import Interrupts
from search.loop import run_tasks
from search.outputs import Outputs
from search.samplers import SAMPLERS
from search.study.study import Study
from search.task import Task
from space import Architecture, SearchSpace, load_space
from space.command import Parser, run_command
from space.objective import OBJECTIVES

CLASSES = 10
BACKENDS: dict[str, Callable[[], Backend]] = {"processes": lambda: Workers(instant, workers=2, threads=1)}
if find_spec("ray"):
    BACKENDS["Ray"] = lambda: RayBackend(instant, address=None, cpus=1, gpus=0, threads=1)


def price(network: Architecture) -> Cost:
    return cost(network, CLASSES)


def open_study(folder: Path, space: SearchSpace, sampler: str) -> Study:
    return Study(folder, space=space, count=price, objective=OBJECTIVES["ops"], sampler=sampler, seed=0)


def step(study: Study) -> float:
    """Seconds to propose a network and to write its trial."""
    began = time.perf_counter()
    task = study.ask()
    study.tell(task.number, instant(task))
    return time.perf_counter() - began


def dispatch(backend: Backend, space: SearchSpace, count: int) -> float:
    """Milliseconds that a back end adds to each of `count` tasks, whose evaluation takes no time."""
    rng = Random(0)
    tasks = [Task(number=number, architecture=space.sample(rng)) for number in range(count + 2 * backend.slots)]
    with Interrupts() as interrupts:
        ended = run_tasks(backend, iter(tasks), interrupts)
        for _ in range(2 * backend.slots):  # until all workers have started
            next(ended)
        began = time.perf_counter()
        for _ in ended:
            pass
        return 1000 * (time.perf_counter() - began) / count


def report(folder: Path, study: Study, space: SearchSpace) -> float:
    """Seconds to write the tables and the report."""
    config = RunConfig(
        dataset="digits",
        published_as="digits",
        data_dir="data",
        validation=0.4,
        recipe={},
        seed=0,
        device="cpu",
        num_classes=CLASSES,
        train_images=898,
        validation_images=599,
        fingerprint="",
        family=space.family,
        backbone=space.backbone,
        width=space.width,
        genes={gene.name: list(gene.choices) for gene in space.genes},
        networks=space.size,
        sampler="random",
        reference=Reference(accuracy=0.1, cost=float(study.table()["ops"].max())),
    )
    write_json(folder / "config.json", config.to_dict())
    began = time.perf_counter()
    Outputs(folder, study, config, noisy=True).write()
    return time.perf_counter() - began


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--trials", type=positive_int, default=10000, help="in the study")
    parser.add_argument("--more", type=positive_int, default=30, help="proposals to time with each sampler")
    parser.add_argument(
        "--samplers", nargs="+", choices=SAMPLERS, default=["random", "front", "nsga2", "evolution"], help="to time"
    )
    args = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space = load_space()
    with TemporaryDirectory() as scratch:
        folder = Path(scratch, "made")
        study = open_study(folder, space, "random")
        while len(study) < args.trials:
            step(study)
        print(f"{args.trials} trials; tables and report in {report(folder, study, space):.1f} s", flush=True)
        for sampler in args.samplers:
            copy = shutil.copytree(folder, Path(scratch, sampler), ignore=shutil.ignore_patterns(".lock"))
            began = time.perf_counter()
            study = open_study(copy, space, sampler)
            opened = time.perf_counter() - began
            times = [1000 * step(study) for _ in range(args.more)]
            print(
                f"{sampler:>15}  {np.median(times):7.1f} ms  95 %: {np.percentile(times, 95):7.1f} ms"
                f"  opened in {opened:5.1f} s",
                flush=True,
            )
    for name, make in BACKENDS.items():
        backend = make()
        print(f"{name:>15}  {dispatch(backend, space, 100):7.1f} ms a trial, {backend.slots} side by side", flush=True)
        backend.close()


if __name__ == "__main__":
    run_command(main)

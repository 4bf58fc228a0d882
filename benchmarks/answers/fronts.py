"""Which search finds the better front? Runs searches one after the other, and retrains what each found from scratch.

    python -m benchmarks.answers.fronts "--trials 200" "--evaluator supernet --trials 1000"

Every argument is the flags of one `python -m search.run`. Prints, per search and seed: seconds of the search, networks
on the front, their mean accuracy as searched and, of the full schedule, on the test images, in the mean over trainings;
and the hypervolume, against the same reference, of both.
"""

import argparse
import shlex
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.answers.compare import Job, run_jobs
from results.command import run_command
from results.files import read_json
from results.pareto import hypervolume
from results.run_config import RunConfig, read_config
from search.data.catalog import DATASETS
from search.flags import positive_int
from space import Architecture, InputError


def search(flags: list[str], folder: Path) -> tuple[RunConfig, dict, float]:
    """What config.json and pareto.json hold after a search, and its seconds."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "search.run", *flags, "--out", folder]
    ended = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if ended.returncode:
        raise InputError(f"search.run {shlex.join(flags)} failed: {ended.stderr.decode().splitlines()[-1]}")
    return read_config(folder), read_json(folder / "pareto.json"), time.perf_counter() - began


def retrained(config: RunConfig, front: list[dict], trainings: int, workers: int) -> np.ndarray:
    """Test accuracy of every network of the front, in the mean over trainings."""
    jobs = [
        Job(
            network=Architecture.from_dict(entry["architecture"]),
            dataset=config.dataset,
            data_dir=config.data_dir,
            recipe=DATASETS[config.dataset].recipes["full"],
            images=None,
            seed=seed,
            device=config.device,
            validate=False,
        )
        for seed in range(trainings)
        for entry in front
    ]
    return run_jobs(jobs, workers).reshape(trainings, -1).mean(0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("searches", nargs="+", metavar="FLAGS")
    parser.add_argument("--seeds", type=positive_int, default=2, help="of each search")
    parser.add_argument("--trainings", type=positive_int, default=2, help="of each network on a front")
    parser.add_argument("--workers", type=positive_int, default=2)
    args = parser.parse_args()
    print("seconds  front  searched    test  hypervolume searched    test  search")
    for seed in range(args.seeds):
        for flags in args.searches:
            with TemporaryDirectory() as folder:
                config, pareto, seconds = search([*shlex.split(flags), "--seed", str(seed)], Path(folder))
            front = pareto["front"]
            ops = [entry["cost"]["ops"] for entry in front]
            searched = np.array([entry["accuracy"] for entry in front])
            test = retrained(config, front, args.trainings, args.workers)
            reference = pareto["reference"]["accuracy"], pareto["reference"]["ops"]
            volumes = [hypervolume(accuracy, ops, reference=reference) for accuracy in (searched, test)]
            print(
                f"{seconds:7.0f}  {len(front):5}   {searched.mean():6.2%}  {test.mean():6.2%}"
                f"                {volumes[0]:.4f}  {volumes[1]:.4f}  {flags} --seed {seed}",
                flush=True,
            )
            for entry, found in zip(front, test):
                print(f"{'':17}{entry['accuracy']:6.2%}  {found:6.2%}   {entry['cost']['ops']:,.0f} OPs", flush=True)


if __name__ == "__main__":
    run_command(main)

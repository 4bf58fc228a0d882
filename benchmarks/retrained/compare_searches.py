"""Which search finds the better front? Runs each search, then trains every network of its front from scratch.

    python -m benchmarks.retrained.compare_searches "--trials 200" "--evaluator supernet --trials 1000"

Each argument holds the flags of one `python -m search.run`. Prints one row a search and seed: its seconds; the number
of networks on the front; their mean accuracy in the search, and on the test images after the full schedule (mean over
trainings); and the hypervolume of both, against the same reference point. A row for each network of the front follows.
"""

import shlex
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.retrained.full_training import FullTraining
from results.files import read_json
from results.pareto import hypervolume
from results.run_config import RunConfig, read_config
from search.data.catalog import find_dataset
from search.flags import positive_int
from space import Architecture, InputError
from space.command import Parser, run_command


def run_search(flags: list[str], folder: Path) -> tuple[RunConfig, dict[str, Any], float]:
    """Run `search.run` into `folder`. Returns what config.json and pareto.json hold, and the seconds it took."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "search.run", *flags, "--out", folder]
    ended = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if ended.returncode:
        said = ended.stderr.decode().splitlines() or [f"it ended with status {ended.returncode}"]
        raise InputError(f"search.run {shlex.join(flags)} failed: {said[-1]}")
    return read_config(folder), read_json(folder / "pareto.json"), time.perf_counter() - began


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("searches", nargs="+", metavar="FLAGS", help="the flags of one search, in quotes")
    parser.add_argument("--seeds", type=positive_int, default=2, help="searches with each set of flags")
    parser.add_argument("--trainings", type=positive_int, default=2, help="trainings of each network on a front")
    parser.add_argument("--workers", type=positive_int, default=2, help="trainings side by side, one thread each")
    args = parser.parse_args()
    print("seconds  front  searched    test  hypervolume searched    test  search")
    for seed in range(args.seeds):
        for flags in args.searches:
            with TemporaryDirectory() as folder:
                config, pareto, seconds = run_search([*shlex.split(flags), "--seed", str(seed)], Path(folder))
            if config.objective != "ops":
                raise InputError(
                    f"fronts are compared by OPs, and {flags} minimises {config.objective}; leave out --cost"
                )
            front = pareto["front"]
            networks = [Architecture.from_dict(entry["architecture"]) for entry in front]
            training = FullTraining(
                dataset=config.dataset,
                data_dir=config.data_dir,
                input_shape=networks[0].input_shape,
                recipe=find_dataset(config.dataset).recipes["full"],
                device=config.device,
            )
            test = training.accuracies(networks, seeds=args.trainings, workers=args.workers, table=None).mean(0)
            searched = np.array([entry["accuracy"] for entry in front])
            ops = [entry["cost"]["ops"] for entry in front]
            reference = pareto["reference"]["accuracy"], pareto["reference"]["ops"]
            volumes = [hypervolume(accuracy, ops, reference=reference) for accuracy in (searched, test)]
            print(
                f"{seconds:7.0f}  {len(front):5}   {searched.mean():6.2%}  {test.mean():6.2%}"
                f"                {volumes[0]:.4f}  {volumes[1]:.4f}  {flags} --seed {seed}",
                flush=True,
            )
            for entry, accuracy in zip(front, test):
                print(f"{'':17}{entry['accuracy']:6.2%}  {accuracy:6.2%}   {entry['cost']['ops']:,.0f} OPs", flush=True)


if __name__ == "__main__":
    run_command(main)

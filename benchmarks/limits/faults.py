"""Random damage and kills, more of them than in the test suite, and what the protection against damage costs.

    python -m benchmarks.limits.faults                                     1,000 mutations of each file, 20 kills a kind
    python -m benchmarks.limits.faults --mutations 100 --kills 5 --seed 1  fewer, and others
    python -m benchmarks.limits.faults --mutations 0 --kills 0             only the cost of a study's digests

It runs `tests/search/test_fuzz.py` and `tests/search/test_killed.py` with these numbers.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest

from mobinet import cost
from search.flags import natural_int
from search.study.digests import check_database, trial_digest
from search.study.optuna_tables import open_storage
from search.study.study import Study
from search.task import Evaluation
from space import load_space
from space.command import Parser
from space.objective import OBJECTIVES

ROOT = Path(__file__).parents[2]
TRIALS = 1000


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--mutations", type=natural_int, default=1000, help="of each file")
    parser.add_argument(
        "--kills", type=natural_int, default=20, help="of the driver, its workers and a retraining each"
    )
    parser.add_argument("--seed", type=int, default=0, help="of what is damaged and when it is killed")
    args = parser.parse_args()
    show_overhead()
    tests = {"test_fuzz.py": args.mutations, "test_killed.py": args.kills}
    chosen = [str(ROOT / "tests" / "search" / name) for name, count in tests.items() if count]
    if chosen:
        os.environ |= {"MOBINAS_MUTATIONS": f"{args.mutations}", "MOBINAS_KILLS": f"{args.kills}"}
        os.environ["MOBINAS_SEED"] = f"{args.seed}"
        sys.exit(pytest.main(["--rootdir", str(ROOT), *chosen]))


def show_overhead() -> None:
    """Time the checks of a study of `TRIALS` trials."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space = load_space()
    settings: dict[str, Any] = {"space": space, "sampler": "random", "seed": 0}
    settings |= {"count": lambda network: cost(network, 10), "objective": OBJECTIVES["ops"], "limit": None}
    with tempfile.TemporaryDirectory() as folder:
        study = Study(Path(folder), **settings)
        for number in range(TRIALS):
            study.ask()
            study.tell(number, Evaluation(accuracy=number / TRIALS, epochs=5, seconds=1.0))
        path = Path(folder) / "study.db"
        trials = optuna.load_study(study_name=None, storage=open_storage(path)).trials
        digests = seconds(lambda: [trial_digest(trial, trial.state, trial.values) for trial in trials])
        pages = seconds(lambda: check_database(path))
        study.close()
        opened = seconds(lambda: Study(Path(folder), **settings).close())
        print(
            f"a study of {TRIALS:,} trials, {path.stat().st_size / 2**20:.1f} MB: {opened:.2f} s to open, of which "
            f"{pages:.3f} s for SQLite's checks and {digests:.3f} s for digests, {digests / TRIALS * 1e3:.2f} ms each; "
            "a trial has two written",
            flush=True,
        )


def seconds(action: Callable[[], Any]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()

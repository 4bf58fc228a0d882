"""Whether a wider space gives a better front at equal trials: compares finished searches of two spaces.

    for seed in 0 1 2; do
        python -m search.run --trials 60 --seed $seed --out runs/narrow-$seed
        python -m search.run --trials 60 --seed $seed --space wide.toml --out runs/wide-$seed
    done
    python -m benchmarks.samplers.spaces --narrow runs/narrow-* --wide runs/wide-*

Prints for each search its hypervolume, against the reference of the first narrow one, and the best accuracy within each
of some budgets; then the mean of each group. Accuracies are those of single trainings, on the validation images.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from results.pareto import hypervolume
from results.run_config import RunConfig, read_config
from results.tables import read_trials
from space.command import Parser, run_command, user_path

BUDGETS = 4


def scores(run: Path, judged_as: RunConfig, budgets: NDArray[np.float64]) -> NDArray[np.float64]:
    """The hypervolume of a run, then its best accuracy within each budget."""
    trials = read_trials(run)
    accuracy, cost = (trials[name].to_numpy(float) for name in ("accuracy", judged_as.cost.name))
    reference = judged_as.reference.accuracy, judged_as.reference.cost
    best = [np.max(accuracy[(cost <= budget) & ~np.isnan(accuracy)], initial=0) for budget in budgets]
    return np.array([hypervolume(accuracy, cost, reference=reference), *best])


def main() -> None:
    parser = Parser(
        prog="python -m benchmarks.samplers.spaces",
        description=__doc__,
    )
    for group in ("narrow", "wide"):
        parser.add_argument(f"--{group}", type=user_path, nargs="+", required=True, help="folders of finished searches")
    args = parser.parse_args()
    config = read_config(args.narrow[0])
    costs = read_trials(args.narrow[0])[config.cost.name].to_numpy(float)
    budgets = np.geomspace(costs.min(), costs.max(), BUDGETS + 1)[1:]
    print(
        "hypervolume, then the best accuracy within " + ", ".join(f"{b:,.0f}" for b in budgets) + f" {config.cost.unit}"
    )
    for group, runs in (("narrow", args.narrow), ("wide", args.wide)):
        rows = [scores(run, config, budgets) for run in runs]
        for name, row in [*zip(map(str, runs), rows), (f"{group}, mean", np.mean(rows, axis=0))]:
            print(f"{name:24} {row[0]:.4f}  " + "  ".join(f"{best:.1%}" for best in row[1:]))


if __name__ == "__main__":
    run_command(main)

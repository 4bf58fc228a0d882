"""Does it help to begin with the front of another search? Searches on a surrogate, with and without.

    python -m benchmarks.samplers.warm_start --space paper.toml --csv benchmarks/tables/digits.csv \\
        --other benchmarks/tables/digits-wide.csv --other-width 2

The other search is a table of trainings of the same space, at another width or on other images. As `--from` does, the
networks of its front, by expected accuracies, are trained first. Scores are those of `benchmarks.samplers.contest`.
"""

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import wilcoxon

from benchmarks.flags import load_space_from
from benchmarks.samplers.comparison import describe_medians, score_curves
from benchmarks.samplers.contest import prepare_process
from benchmarks.samplers.contestants import FRONT
from benchmarks.samplers.features import NetworkEncoder
from benchmarks.samplers.learning_curves import LearningCurves
from benchmarks.samplers.scoring import SCORES, search
from benchmarks.samplers.surrogate import Surrogate, add_table_flags, named
from mobinet import cost
from results.pareto import on_front
from results.significance import holm
from search.flags import positive_float, positive_int
from search.study.expectation import expected_accuracy
from search.warm_start import carried_over
from space import Architecture, SearchSpace, load_space
from space.command import Parser, run_command

CHECKPOINTS = (5, 10, 15, 20, 25, 30, 40, 60)
WITHOUT, WITH = "without", "from the other front"


def last_epoch(table: LearningCurves) -> LearningCurves:
    """The accuracies at the end: nothing here is stopped before."""
    return LearningCurves(table.networks, [curves[:, -1:] for curves in table.curves])


def front_of_table(table: LearningCurves, space: SearchSpace, classes: int) -> list[Architecture]:
    """The networks that a search with these trainings would export, by rising cost."""
    encoder = NetworkEncoder(space)
    accuracy, _ = expected_accuracy(encoder.encoding, encoder.rows(table.networks), table.means[:, -1])
    ops = np.array([cost(network, classes).ops for network in table.networks])
    front = np.flatnonzero(on_front(accuracy, ops))
    return [table.networks[i] for i in front[np.argsort(ops[front])]]


def main() -> None:
    parser = Parser(description=__doc__)
    add_table_flags(parser)
    parser.add_argument("--classes", type=positive_int, default=10, help="of the data set")
    parser.add_argument("--other", type=Path, required=True, help="the table of the other search")
    parser.add_argument("--other-width", type=positive_float, default=1.0, help="its factor on the channels")
    parser.add_argument("--seeds", type=positive_int, default=20, help="searches with and without each (default: 20)")
    parser.add_argument("--trials", type=positive_int, default=30, help="of each search (default: 30)")
    parser.add_argument("--workers", type=positive_int, default=2, help="searches side by side (default: 2)")
    args = parser.parse_args()
    prepare_process()
    space = load_space_from(args)
    other = load_space(args.space, input_shape=space.input_shape, backbone=space.backbone, width=args.other_width)
    found = front_of_table(last_epoch(LearningCurves.read([args.other], other)), other, args.classes)
    first = tuple(dict.fromkeys(carried_over(network, space) for network in found))
    surrogate = Surrogate(last_epoch(LearningCurves.read(args.csv, space)), space)
    print(f"{args.space} on {args.dataset}, surrogate of {named(args.csv)}, {args.seeds} seeds")
    print(f"front of {args.other.name}: {len(first)} networks")
    jobs = [(FRONT, seed) for seed in range(args.seeds)]
    rows = []
    with ProcessPoolExecutor(args.workers, get_context("spawn"), prepare_process) as pool:
        for name, networks in ((WITHOUT, ()), (WITH, first)):
            run = partial(
                search, surrogate=surrogate, space=space, classes=args.classes, trials=args.trials, first=networks
            )
            rows += [table.assign(sampler=name) for table in pool.map(run, jobs)]
    at = [number for number in CHECKPOINTS if number <= args.trials]
    for score in SCORES[:2]:
        curves = score_curves(pd.concat(rows), score, "trial", range(1, args.trials + 1))
        print("", *describe_medians(curves, at, f"{score}, trials"), sep="\n")
        ahead = [curves[WITH][:, number - 1] - curves[WITHOUT][:, number - 1] for number in at]
        p_values = holm([float(wilcoxon(each).pvalue) if each.any() else 1.0 for each in ahead])
        print(f"{'ahead, median':<30}" + "".join(f"{np.median(each):+8.4f}" for each in ahead))
        print(f"{'p, corrected':<30}" + "".join(f"{p:8.0e}" for p in p_values))
        for number in at[:2]:
            reached = np.flatnonzero(np.median(curves[WITHOUT], axis=0) >= np.median(curves[WITH], axis=0)[number - 1])
            after = f"after {reached[0] + 1} trials" if len(reached) else "not at all"
            print(f"{WITHOUT}, it is where it is {WITH} after {number} trials: {after}")


if __name__ == "__main__":
    run_command(main)

"""Which sampler finds the better front? Searches on a surrogate, so nothing is trained.

    pip install -e '.[benchmarks]'
    python -m benchmarks.samplers.contest --space paper.toml --csv benchmarks/tables/digits.csv --plot samplers.svg

Every search begins with the hand-designed networks. A trial is one training with its noise. It takes all epochs,
unless the search stops it earlier. A search ends when it has used as many epochs as `--trials` whole trainings, so a
search that stops trainings early starts more of them.

After each trial a search has two fronts: by the measured accuracies of its complete trials, and by the expected ones
(smoothed by a regression, as `search.run` does). A front has two scores, both of the true accuracies of its networks:
the accuracy of the best within a budget, in the mean over log budgets from the cheapest network to the most expensive,
and the hypervolume against the reference point of `search.run`.

Prints the median scores over seeds, by trials and by epochs; the number of trials after which `front` is where others
are at their end; and Wilcoxon's signed-rank test, two-sided and paired by seed, of `front` against each other sampler
at equal numbers of epochs. p is corrected for all tests of a score together (Holm); ** marks p < 0.01.
"""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from multiprocessing import get_context
from pathlib import Path

import optuna
import pandas as pd
import torch
from tqdm import tqdm

from benchmarks.flags import add_plot_flag, check_plot, load_space_from
from benchmarks.samplers.comparison import (
    describe_lead,
    describe_medians,
    describe_seconds,
    describe_tests,
    score_curves,
)
from benchmarks.samplers.contestants import BUDGETS, CONTESTANTS, FRONT
from benchmarks.samplers.learning_curves import LearningCurves
from benchmarks.samplers.regressions import DEFAULT_REGRESSION, REGRESSIONS
from benchmarks.samplers.scoring import SCORES, search
from benchmarks.samplers.surrogate import Surrogate, add_table_flags, named
from search.flags import positive_int
from space.command import Parser, run_command

CHECKPOINTS = (15, 20, 30, 40, 60, 80, 100, 150, 200)
TESTED = (40, 60, 100, 200)


def prepare_process() -> None:
    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def main() -> None:
    parser = Parser(description=__doc__)
    add_table_flags(parser)
    parser.add_argument("--classes", type=positive_int, default=10, help="of the data set")
    parser.add_argument("--regression", choices=REGRESSIONS, default=DEFAULT_REGRESSION, help="of the surrogate")
    samplers = f"default: all, which are {'; '.join(CONTESTANTS)}"
    parser.add_argument(
        "--samplers", nargs="+", choices=CONTESTANTS, default=list(CONTESTANTS), metavar="SAMPLER", help=samplers
    )
    parser.add_argument("--trials", type=positive_int, default=200, help="whole trainings of each search")
    parser.add_argument("--seeds", type=positive_int, default=20, help="searches of each sampler")
    parser.add_argument("--workers", type=positive_int, default=2, help="searches side by side")
    add_plot_flag(parser)
    parser.add_argument("--csv-out", type=Path, metavar="FILE", help="write every score")
    args = parser.parse_args()
    check_plot(args.plot)
    space = load_space_from(args)
    surrogate = Surrogate(LearningCurves.read(args.csv, space), space, args.regression)
    run = partial(search, surrogate=surrogate, space=space, classes=args.classes, trials=args.trials)
    jobs = list(product(args.samplers, range(args.seeds)))
    jobs.sort(key=lambda job: job[0] not in BUDGETS)  # the slow ones first, so that no process waits at the end
    with ProcessPoolExecutor(args.workers, get_context("spawn"), prepare_process) as pool:
        rows = pd.concat(tqdm(pool.map(run, jobs), total=len(jobs), desc="searches", unit=""))
    rows = rows.sort_values("sampler", key=lambda names: names.map(args.samplers.index), kind="stable")
    checkpoints = [number for number in CHECKPOINTS if number <= args.trials] or [args.trials]
    tested = [number for number in TESTED if number <= args.trials] or [args.trials]
    source = f"surrogate of {named(args.csv)} ({args.regression})"
    title = f"{args.space} on {args.dataset}, {source}, {args.seeds} seeds"
    sections: list[Iterator[str]] = []
    curves = {}
    for score in SCORES:
        by_trials = score_curves(rows, score, "trial", range(1, args.trials + 1))
        by_epochs = score_curves(rows, score, "epochs", range(1, args.trials * surrogate.epochs + 1))
        by_whole_trainings = {name: c[:, surrogate.epochs - 1 :: surrogate.epochs] for name, c in by_epochs.items()}
        sections.append(describe_medians(by_trials, checkpoints, f"{score}, trials"))
        curves[score, "trials"] = by_trials
        if surrogate.epochs > 1:
            at = [number * surrogate.epochs for number in checkpoints]
            sections.append(describe_medians(by_epochs, at, f"{score}, epochs"))
            curves[score, "epochs"] = by_epochs
        if FRONT in args.samplers:
            sections.append(describe_lead(by_trials))
            sections.append(describe_tests(by_whole_trainings, tested))
    sections.append(describe_seconds(rows))
    print(title, *("\n".join(section) for section in sections), sep="\n\n")
    if args.csv_out:
        args.csv_out.write_text(rows.round({**dict.fromkeys(SCORES, 5), "seconds": 4}).to_csv(index=False))
    if args.plot:
        from benchmarks.samplers.contest_plot import contest_figure
        from results.figures.style import write_figure

        write_figure(args.plot, contest_figure(curves, first=checkpoints[0] / args.trials))


if __name__ == "__main__":
    run_command(main)

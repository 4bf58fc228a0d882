"""Which sampler finds the better front? Searches without training: a surrogate says what each training reaches.

    pip install -e '.[benchmarks]'
    python -m benchmarks.samplers.contest --csv benchmarks/tables/digits.csv --seeds 20 --plot samplers.svg

Every search begins with the hand-designed networks. A trial is one training, noise included, of all epochs unless the
search stops it. After each, a search has found the front of the noisy accuracies of its completed trials, and that of
what `search.study.expectation` makes of them; its two scores are the hypervolumes of the true accuracies of these
networks, against the reference point of `search.run`. A search goes on until it has had as many epochs as `--trials`
whole trainings, so that one that stops trainings starts more of them.

Prints the median over seeds by trials and by epochs; after how many trials `front` is where others are at the end; and
Wilcoxon's signed-rank test, two-sided, of `front` against the others over seeds, at equal numbers of epochs, p after
Holm's correction for all tests together; ** marks p < 0.01.
"""

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter

import numpy as np
import optuna
import pandas as pd
import plotly.graph_objects as go
import torch
from numpy.typing import NDArray
from plotly.colors import qualitative
from plotly.subplots import make_subplots
from scipy.stats import wilcoxon
from tqdm import tqdm

from benchmarks.samplers.contestants import CONTESTANTS, FRONT, GP, MOASHA, NSGA2, TPES, Task, Trial
from benchmarks.samplers.surrogate import (
    REGRESSION,
    REGRESSIONS,
    Surrogate,
    Table,
    add_table_arguments,
    load_table_space,
)
from results.command import run_command
from results.pareto import hypervolume, on_front
from search.flags import positive_int
from search.samplers.encoding import Encoding, Row
from search.samplers.fresh import distributions_of
from search.study.expectation import expected_accuracy
from space import SearchSpace

CHECKPOINTS = (15, 20, 30, 40, 60, 80, 100, 150, 200)
POINTS = 120
TESTED = (40, 60, 100, 200)
CHOICES = ("measured", "expected")
"""The accuracies that decide which networks are on the front."""
CAPS = {GP: 60, MOASHA: 100}
"""Those that would take more than a minute for 200 trials stop after the epochs of so many."""

Array = NDArray[np.float64]


class Scores:
    """The scores of a search after each of its trials, one for each of `CHOICES`.

    Args:
        task: what it is given.
        surrogate: knows the truth.
        chance: the accuracy of the reference point, whose OPs are the dearest network's.
    """

    def __init__(self, task: Task, surrogate: Surrogate, chance: float) -> None:
        self._task = task
        self._surrogate = surrogate
        self._reference = chance, task.prices.limit
        self._encoding = Encoding.of(distributions_of(task.space))
        self._completed: dict[str, tuple[float, float, float, Row]] = {}
        self._scores = [0.0 for _ in CHOICES]

    def after(self, trial: Trial) -> list[float]:
        """Of the front of all that completed, this trial included."""
        if trial.completed:
            network = trial.network
            truth = float(self._surrogate.curve(network)[-1])
            row = self._encoding.encode(self._task.space.spell(network))
            self._completed[network.key] = trial.accuracy, truth, self._task.ops(network), row
            measured, true, ops, rows = map(np.array, zip(*self._completed.values()))
            fronts = [on_front(a, ops) for a in (measured, expected_accuracy(self._encoding, rows, measured))]
            self._scores = [hypervolume(true[f], ops[f], reference=self._reference) for f in fronts]
        return self._scores


def search(job: tuple[str, int], *, space: SearchSpace, num_classes: int, trials: int) -> pd.DataFrame:
    """One row a trial of a contestant under a seed: epochs so far, the scores, and seconds to propose it."""
    name, seed = job
    task = Task(space, _surrogate, num_classes, seed)
    scores = Scores(task, _surrogate, 1 / num_classes)
    searching = CONTESTANTS[name](task)
    rows, epochs = [], 0
    while epochs < min(trials, CAPS.get(name, trials)) * task.epochs:
        began = perf_counter() - task.training_seconds
        trial = next(searching)
        seconds = perf_counter() - task.training_seconds - began
        epochs += trial.epochs
        rows.append((name, seed, len(rows) + 1, epochs, *scores.after(trial), seconds))
    return pd.DataFrame(rows, columns=["sampler", "seed", "trial", "epochs", *CHOICES, "seconds"])


_surrogate: Surrogate


def prepare(surrogate: Surrogate) -> None:
    """What each process does first."""
    global _surrogate
    _surrogate = surrogate
    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def by(found: pd.DataFrame, choice: str, axis: str, at: range) -> dict[str, Array]:
    """By sampler, the scores of a choice where `axis` has come to each of `at`, (seeds, n); NaN after its last."""
    curves = {}
    for name in found["sampler"].unique():
        searches = [search for _, search in found[found["sampler"] == name].groupby("seed")]
        curves[name] = np.array([_at(search[axis], search[choice], at) for search in searches])
    return curves


def _at(axis: pd.Series, scores: pd.Series, at: range) -> Array:
    last = np.searchsorted(axis, at, side="right") - 1
    return np.where((last >= 0) & (np.array(at) <= axis.iloc[-1]), scores.to_numpy()[last], np.nan)


def describe_medians(curves: dict[str, Array], at: list[int], header: str) -> Iterator[str]:
    """A row each; `curves` are at 1, 2, 3... of what `at` counts."""
    yield f"{header:<26}" + "".join(f"{number:>8}" for number in at)
    for name, curve in curves.items():
        medians = np.median(curve[:, np.array(at) - 1], axis=0)
        yield f"{name:<26}" + "".join(f"{'-':>8}" if np.isnan(m) else f"{m:8.4f}" for m in medians)


def describe_lead(curves: dict[str, Array]) -> Iterator[str]:
    """After how many trials `front` is where others are after their last."""
    ends = {name: float(np.median(curve[:, -1])) for name, curve in curves.items() if name not in (FRONT, *CAPS)}
    best_tpe = max((name for name in TPES if name in ends), key=ends.get, default=None)
    for name in (NSGA2, best_tpe):
        if name in ends:
            there = np.flatnonzero(np.median(curves[FRONT], axis=0) >= ends[name])
            after = f"after {there[0] + 1} trials" if len(there) else "never"
            yield f"{FRONT} is where {name} is after {curves[name].shape[1]} trials: {after}"


def describe_tests(curves: dict[str, Array], at: list[int]) -> Iterator[str]:
    """By how much `front` is ahead in the median over seeds, and p."""
    others = [name for name in curves if name != FRONT]
    tests = {}
    for name, number in product(others, at):
        ahead = curves[FRONT][:, number - 1] - curves[name][:, number - 1]
        if not np.isnan(ahead).any():
            tests[name, number] = float(np.median(ahead)), float(wilcoxon(ahead).pvalue)
    corrected = dict(zip(tests, holm([p for _, p in tests.values()])))

    def cell(name: str, number: int) -> str:
        if (name, number) not in tests:
            return "-"
        p = corrected[name, number]
        return f"{tests[name, number][0]:+.4f}  p {p:.0e} {'**' if p < 0.01 else '  '}"

    yield f"{FRONT + ' is ahead of':<26}" + "".join(f"{f'after {number}   ':>26}" for number in at)
    for name in others:
        yield f"{name:<26}" + "".join(f"{cell(name, number):>26}" for number in at)


def holm(p_values: list[float]) -> Array:
    """Holm's step-down correction ("A simple sequentially rejective multiple test procedure", 1979)."""
    p = np.array(p_values)
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    return np.minimum(stepped, 1)[np.argsort(order)]


def plot(curves: dict[tuple[str, str], dict[str, Array]], trials: int, title: str) -> go.Figure:
    """Median and quartiles against each axis from the first checkpoint on.

    Args:
        curves: by choice and axis, and by sampler: (seeds, n) each at 1 to n.
        trials: of each search.
        title: on top.
    """
    figure = make_subplots(len(CHOICES), 2, shared_yaxes="all", horizontal_spacing=0.03, vertical_spacing=0.1)
    for panel, ((choice, axis), samplers) in enumerate(curves.items()):
        row, column = panel // 2 + 1, panel % 2 + 1
        for (name, curve), color in zip(samplers.items(), qualitative.D3):
            length = curve.shape[1]
            at = np.linspace(length * CHECKPOINTS[0] / trials, length, POINTS).astype(int)
            low, middle, high = np.percentile(curve[:, at - 1], (25, 50, 75), axis=0).round(4)
            known = ~np.isnan(middle)
            at, low, middle, high = at[known], low[known], middle[known], high[known]
            common = {"legendgroup": name, "mode": "lines"}
            band = {"x": [*at, *at[::-1]], "y": [*high, *low[::-1]], "fill": "toself", "fillcolor": color}
            figure.add_scatter(**band, **common, line_width=0, opacity=0.12, showlegend=False, row=row, col=column)
            width = 3 if name == FRONT else 1.5
            figure.add_scatter(
                x=at, y=middle, name=name, line={"color": color, "width": width}, showlegend=panel == 0, **common,
                row=row, col=column,
            )  # fmt: skip
        figure.update_xaxes(title=axis, row=row, col=column)
        if column == 1:
            figure.update_yaxes(title=f"hypervolume of the front by {choice}", row=row, col=column)
    return figure.update_layout(title=title, template="plotly_white", width=1200, height=960)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_table_arguments(parser)
    parser.add_argument("--classes", type=positive_int, default=10)
    parser.add_argument("--regression", choices=REGRESSIONS, default=REGRESSION)
    parser.add_argument("--samplers", nargs="+", choices=CONTESTANTS, default=list(CONTESTANTS), metavar="SAMPLER")
    parser.add_argument("--trials", type=positive_int, default=200)
    parser.add_argument("--seeds", type=positive_int, default=20)
    parser.add_argument("--workers", type=positive_int, default=2)
    parser.add_argument("--plot", type=Path, metavar="FILE", help="an .svg or .png")
    parser.add_argument("--csv-out", type=Path, metavar="FILE", help="every score")
    args = parser.parse_args()
    space = load_table_space(args)
    surrogate = Surrogate(Table.read(args.csv, space), space, args.regression)
    run = partial(search, space=space, num_classes=args.classes, trials=args.trials)
    jobs = list(product(args.samplers, range(args.seeds)))
    jobs.sort(key=lambda job: job[0] not in CAPS)  # the slow ones first, so that no process waits at the end
    with ProcessPoolExecutor(args.workers, get_context("spawn"), prepare, (surrogate,)) as pool:
        found = pd.concat(tqdm(pool.map(run, jobs), total=len(jobs), desc="searches", unit=""))
    found = found.sort_values("sampler", key=lambda names: names.map(args.samplers.index), kind="stable")
    checkpoints = [number for number in CHECKPOINTS if number <= args.trials]
    made_of = f"surrogate of {args.csv.name} ({args.regression})"
    title = f"{args.space} on {args.dataset}, {made_of}, {args.seeds} seeds"
    sections: list[Iterator[str]] = []
    curves = {}
    for choice in CHOICES:
        by_trials = by(found, choice, "trial", range(1, args.trials + 1))
        by_epochs = by(found, choice, "epochs", range(1, args.trials * surrogate.epochs + 1))
        whole = {name: curve[:, surrogate.epochs - 1 :: surrogate.epochs] for name, curve in by_epochs.items()}
        sections += [
            describe_medians(by_trials, checkpoints, f"{choice}, trials"),
            describe_medians(by_epochs, [number * surrogate.epochs for number in checkpoints], f"{choice}, epochs"),
        ]
        if FRONT in args.samplers:
            sections.append(describe_lead(by_trials))
            sections.append(describe_tests(whole, [number for number in TESTED if number <= args.trials]))
        curves |= {(choice, "trials"): by_trials, (choice, "epochs"): by_epochs}
    sections.append(describe_seconds(found))
    print(title, *("\n".join(section) for section in sections), sep="\n\n")
    if args.csv_out:
        args.csv_out.write_text(found.round({**dict.fromkeys(CHOICES, 5), "seconds": 4}).to_csv(index=False))
    if args.plot:
        plot(curves, args.trials, title).write_image(args.plot)


def describe_seconds(found: pd.DataFrame) -> Iterator[str]:
    yield "milliseconds to propose a trial, mean"
    for name in found["sampler"].unique():
        capped = f" (stopped after the epochs of {CAPS[name]} trials: they take long)" if name in CAPS else ""
        yield f"{name:<26}{1000 * found.loc[found['sampler'] == name, 'seconds'].mean():8.1f}{capped}"


if __name__ == "__main__":
    run_command(main)

"""Tables that compare the searches of a contest: medians, the lead of `front`, and tests of it."""

from collections.abc import Iterator
from itertools import product

import numpy as np
import pandas as pd
from scipy.stats import wilcoxon

from benchmarks.samplers.contestants import BUDGETS, FRONT, NSGA2, TPES
from benchmarks.samplers.learning_curves import Array
from results.significance import holm

Curves = dict[str, Array]
"""By sampler, the scores of its searches at 1, 2, 3... trials or epochs, (seeds, n); NaN after a search's last."""


def score_curves(rows: pd.DataFrame, score: str, axis: str, at: range) -> Curves:
    """The scores of all searches, where `axis` has come to each of `at`."""
    curves = {}
    for name in rows["sampler"].unique():
        searches = [search for _, search in rows[rows["sampler"] == name].groupby("seed")]
        curves[name] = np.array([_scores_at(search[axis], search[score], at) for search in searches])
    return curves


def _scores_at(axis: pd.Series, scores: pd.Series, at: range) -> Array:
    last = np.searchsorted(axis, at, side="right") - 1
    return np.where((last >= 0) & (np.array(at) <= axis.iloc[-1]), scores.to_numpy()[last], np.nan)


def describe_medians(curves: Curves, at: list[int], header: str) -> Iterator[str]:
    """The median over seeds at each of `at`, one row a sampler."""
    yield f"{header:<30}" + "".join(f"{number:>8}" for number in at)
    for name, curve in curves.items():
        medians = np.median(curve[:, np.array(at) - 1], axis=0)
        yield f"{name:<30}" + "".join(f"{'-':>8}" if np.isnan(m) else f"{m:8.4f}" for m in medians)


def describe_lead(curves: Curves) -> Iterator[str]:
    """After how many trials `front` is where NSGA-II and the best TPE are after their last."""
    ends = {name: float(np.median(curve[:, -1])) for name, curve in curves.items() if name not in (FRONT, *BUDGETS)}
    best_tpe = max((name for name in TPES if name in ends), key=lambda name: ends[name], default=None)
    for name in (NSGA2, best_tpe):
        if name in ends:
            there = np.flatnonzero(np.median(curves[FRONT], axis=0) >= ends[name])
            after = f"after {there[0] + 1} trials" if len(there) else "never"
            yield f"{FRONT} is where {name} is after {curves[name].shape[1]} trials: {after}"


def describe_tests(curves: Curves, at: list[int]) -> Iterator[str]:
    """By how much `front` is ahead, the median over seeds, with p of Wilcoxon's signed-rank test after correction."""
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


def describe_seconds(rows: pd.DataFrame) -> Iterator[str]:
    """How long a proposal takes, one row a sampler."""
    yield "milliseconds to propose a trial, mean"
    for name in rows["sampler"].unique():
        capped = f" (stopped after the epochs of {BUDGETS[name]} trials: slow)" if name in BUDGETS else ""
        yield f"{name:<26}{1000 * rows.loc[rows['sampler'] == name, 'seconds'].mean():8.1f}{capped}"

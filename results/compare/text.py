"""A comparison as tables: for a terminal, and for other programs."""

from collections.abc import Iterator
from statistics import median

import pandas as pd

from results.compare.comparison import Comparison, Difference, Searched
from results.significance import least_p
from results.words import tick


def rows_of(comparison: Comparison) -> pd.DataFrame:
    """One row a search, in numbers; costs in the unit of the objective, accuracies from 0 to 1."""
    objective = comparison.config.objective
    return pd.DataFrame(
        {
            "search": name,
            "run": one.run,
            "seed": one.config.seed,
            "trials": one.trials,
            "seconds": round(one.seconds, 1),
            "front": len(one.cost),
            "hypervolume": round(one.hypervolume, 6),
            **{f"best_within_{budget:g}_{objective}": one.best_within(budget) for budget in comparison.budgets},
        }
        for name, searches in comparison.groups.items()
        for one in searches
    )


def shown_rows(comparison: Comparison) -> pd.DataFrame:
    """The same in words, and a row with the medians of each group of several seeds."""
    rows = []
    for name, searches in comparison.groups.items():
        rows += [_row(comparison, [one], name, one.run, str(one.config.seed)) for one in searches]
        if len(searches) > 1:
            rows.append(_row(comparison, [*searches], name, "median", f"{len(searches)} seeds"))
    return pd.DataFrame(rows)


def _row(comparison: Comparison, searches: list[Searched], name: str, run: str, seed: str) -> dict[str, str]:
    objective = comparison.config.cost
    return {
        "search": name,
        "run": run,
        "seed": seed,
        "trials": f"{median(one.trials for one in searches):,.0f}",
        "seconds": f"{median(one.seconds for one in searches):,.0f}",
        "front": f"{median(len(one.cost) for one in searches):g}",
        "hypervolume": f"{median(one.hypervolume for one in searches):.4f}",
        **{
            f"at {tick(budget, objective)}": f"{median(one.best_within(budget) for one in searches):.2%}"
            for budget in comparison.budgets
        },
    }


def words_of(comparison: Comparison) -> Iterator[str]:
    """What the columns are, what differs by more than chance, and what to keep in mind."""
    config, reference = comparison.config, comparison.reference
    objective = config.cost
    unit = "" if objective.unit == "s" else f" {objective.unit}"
    budgets = ", ".join(tick(budget, objective) for budget in comparison.budgets)
    yield (
        f"Hypervolume: share of the box up to {objective.show(reference.cost)} and down to "
        f"{reference.accuracy:.1%}. At {budgets}{unit}: {comparison.accuracy_title} of the best network that costs no "
        "more. Seconds are of all trainings, added up over workers."
    )
    yield from map(difference_text, comparison.differences)
    if len(comparison.differences) > 1:
        yield "p is corrected for all pairs (Holm)."
    if not comparison.differences and len(comparison.groups) > 1:
        yield "The difference is not tested: a test takes several seeds of at least two searches."
    yield from comparison.notes


def difference_text(difference: Difference) -> str:
    """Such as ``sampler front against sampler random: +0.0112 hypervolume (medians), p = 0.008 (...)``."""
    first, second = difference.seeds
    least = least_p(first, second)
    hint = f"; with so few seeds p is at least {least:.2g}" if least > 0.05 else ""
    return (
        f"{difference.first} against {difference.second}: {difference.ahead:+z.4f} hypervolume (medians), "
        f"p = {difference.p:.2g} (Mann-Whitney U, two-sided, {first} and {second} seeds{hint})."
    )

"""How much each choice is worth at a given cost: a linear regression over all complete trials."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from results.noise import CONFIDENT
from results.page.html import Column, Section, paragraph, table
from results.run_config import RunConfig
from results.tables import completed

PER_TERM = 3
"""Trials that a term of the regression needs."""
WORDS = (
    "A linear regression of the measured accuracy on the choices and the logarithm of the cost. Each effect is that of "
    "one choice with all others and the cost held; ± is its 95% confidence interval. Of many "
    "effects, some exceed their ± by chance: between one and two times its ± an effect is called perhaps, above it "
    "clear."
)


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What one change is worth.

    Args:
        change: of a gene or, over all layers, of a kind of gene.
        value: in accuracy, 0 to 1, at the same cost.
        error: the half of its confidence interval.
    """

    change: str
    value: float
    error: float

    @property
    def verdict(self) -> str:
        """``clear`` at twice the interval: p is 1e-4 there, so hundreds of effects seldom give one by chance."""
        size = abs(self.value)
        return "clear" if size > 2 * self.error else "perhaps" if size > self.error else "not shown"


def effects_of(trials: pd.DataFrame, config: RunConfig) -> list[Effect]:
    """The largest first: one a change of a gene where there are trials enough, else one a kind of gene over all layers.

    Empty where there are too few trials for that as well.
    """
    complete = completed(trials)
    columns = {name: pd.Series(complete[name]) for name in config.genes if name in complete}
    varied = {name: column for name, column in columns.items() if column.nunique() > 1}
    terms = dict(term for name, column in varied.items() for term in _terms(name, column))
    for found in (terms, _by_kind(terms)):
        effects = _fit(found, complete, config)
        if effects:
            return sorted(effects, key=lambda effect: -abs(effect.value))
    return []


def _terms(name: str, column: pd.Series) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """A number counts by steps, a word against the first one that there is."""
    if column.dtype.kind in "iuf":
        yield f"{name} +1", column.to_numpy(float)
        return
    usual, *others = column.unique()
    for choice in others:
        yield f"{name} {choice} for {usual}", (column == choice).to_numpy(float)


def _by_kind(terms: dict[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """The terms of all layers added up."""
    found: dict[str, NDArray[np.float64]] = {}
    for change, values in terms.items():
        name, _, rest = change.partition(" ")
        kind = f"{name.rpartition('.')[2]} {rest}, in one layer"
        found[kind] = found.get(kind, np.zeros(len(values))) + values
    return found


def _fit(terms: dict[str, NDArray[np.float64]], complete: pd.DataFrame, config: RunConfig) -> list[Effect]:
    """Ordinary least squares; empty where trials are too few, or do not tell the terms apart."""
    cost, accuracy = complete[config.objective].to_numpy(float), complete[config.measure.column].to_numpy(float)
    matrix = np.column_stack([np.ones(len(cost)), np.log(cost), *terms.values()])
    free = len(cost) - matrix.shape[1]
    if not terms or len(cost) < PER_TERM * matrix.shape[1] or np.linalg.matrix_rank(matrix) < matrix.shape[1]:
        return []
    weights = np.linalg.lstsq(matrix, accuracy, rcond=None)[0]
    residual = accuracy - matrix @ weights
    variances = np.linalg.inv(matrix.T @ matrix).diagonal() * (residual @ residual) / free
    errors = CONFIDENT * np.sqrt(variances)
    return [
        Effect(change=change, value=float(weights[place]), error=float(errors[place]))
        for place, change in enumerate(terms, start=2)
    ]


def points(value: float) -> str:
    """A difference of accuracies with its sign, of which 0.00 has none."""
    text = f"{100 * value:+z.2f}"
    return "0.00" if text == "+0.00" else text


def effects_section(trials: pd.DataFrame, config: RunConfig) -> Section:
    """A table of the effects; empty where the trials do not give them."""
    effects = effects_of(trials, config)
    if not effects:
        return Section(title="What matters", body="")
    values = [effect.value for effect in effects]
    body = paragraph(WORDS, "note") + table(
        Column(title="change", texts=[effect.change for effect in effects]),
        Column(title="effect, points", texts=[points(value) for value in values], values=values),
        Column(
            title="±", texts=[f"{100 * effect.error:.2f}" for effect in effects], values=[it.error for it in effects]
        ),
        Column(title="verdict", texts=[effect.verdict for effect in effects]),
        caption="The effect of each choice on the accuracy, at the same cost",
    )
    return Section(title="What matters", body=body)

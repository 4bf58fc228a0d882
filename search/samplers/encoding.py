"""Optuna's parameters as rows of small integers, and as the features that a regression takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution

BEND = 0.4

Row = tuple[int, ...]
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Encoding:
    """Parameters with few values each: a row holds the position of each one's value.

    Args:
        choices: the values of each of g parameters.
        ordered: the integers among them.
    """

    choices: dict[str, tuple[Any, ...]]
    ordered: frozenset[str]

    @classmethod
    def of(cls, search_space: dict[str, BaseDistribution]) -> "Encoding":
        """Of the categorical and integer parameters; others are left out."""
        choices: dict[str, tuple[Any, ...]] = {}
        for name, distribution in search_space.items():
            if isinstance(distribution, CategoricalDistribution):
                choices[name] = distribution.choices
            elif isinstance(distribution, IntDistribution):
                choices[name] = tuple(range(distribution.low, distribution.high + 1, distribution.step))
        return cls(choices, frozenset(name for name in choices if isinstance(search_space[name], IntDistribution)))

    def encode(self, params: Mapping[str, Any]) -> Row | None:
        """The row of `params`, which may hold others; None where a parameter is missing or has no such value."""
        try:
            return tuple([values.index(params[name]) for name, values in self.choices.items()])
        except (KeyError, ValueError):
            return None

    def decode(self, row: Row) -> dict[str, Any]:
        return {name: values[position] for (name, values), position in zip(self.choices.items(), row)}

    def draw(self, rng: np.random.Generator, count: int) -> Rows:
        """(count, g) rows, each value with the same probability."""
        sizes = [len(values) for values in self.choices.values()]
        return rng.integers(sizes, size=(count, len(sizes)))

    def features(self, rows: Rows) -> NDArray[np.float64]:
        """(n, f) of (n, g) rows: columns of each parameter, then columns that parameters of a kind share.

        A parameter has a 1 for its value among 0s for its others. For an integer the 1 is `BEND`, and its value as a
        share of the largest, from 0 to sqrt(2), comes first: a regression takes it for linear unless many networks
        contradict.

        Parameters whose names end alike after the last dot, such as those of all layers, are of a kind; integers apart
        from words. The sum of their columns comes beside them, so that a ridge regression takes an effect in one layer
        for that in all layers plus its own deviation, both of the same prior variance: a hierarchical model (Gelman and
        Hill, "Data Analysis Using Regression and Multilevel/Hierarchical Models", 2007, chapter 12).
        """
        parts = [self._columns(rows, (name,), self.choices[name]) for name in self.choices]
        for names in self._kinds.values():
            if len(names) > 1:
                values = dict.fromkeys(value for name in names for value in self.choices[name])
                parts.append(self._columns(rows, names, sorted(values) if names[0] in self.ordered else [*values]))
        return np.hstack(parts)

    @cached_property
    def _kinds(self) -> dict[tuple[str, bool], tuple[str, ...]]:
        kinds: dict[tuple[str, bool], tuple[str, ...]] = {}
        for name in self.choices:
            kind = name.rpartition(".")[2], name in self.ordered
            kinds[kind] = (*kinds.get(kind, ()), name)
        return kinds

    def _columns(self, rows: Rows, names: Sequence[str], values: Sequence[Any]) -> NDArray[np.float64]:
        """The sum over `names` of the columns of each, with one for each of `values`."""
        counts = np.zeros((len(rows), len(values)))
        positions = list(self.choices)
        for name in names:
            index = np.array([values.index(value) for value in self.choices[name]])
            counts += np.eye(len(values))[index[rows[:, positions.index(name)]]]
        if names[0] not in self.ordered:
            return counts
        scale = np.array(values, float) - min(values)
        place = counts @ scale[:, None] * (np.sqrt(2) / max(1, scale.max()))
        return np.hstack([place, BEND * counts])

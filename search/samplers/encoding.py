"""Optuna's parameters as rows of small integers, and as the features that a regression takes."""

from dataclasses import dataclass
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

    def encode(self, params: dict[str, Any]) -> Row | None:
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
        """(n, f) of (n, g) rows: a 1 for the value of each parameter among 0s for its others.

        For an integer the 1 is `BEND`, and its place in its range, from 0 to sqrt(2), comes first: a regression
        takes it for linear unless many networks contradict.
        """
        parts = []
        for position, (name, values) in enumerate(self.choices.items()):
            one_hot = np.eye(len(values))[rows[:, position]]
            if name in self.ordered:
                place = rows[:, [position]] * (np.sqrt(2) / max(1, len(values) - 1))
                parts += [place, BEND * one_hot]
            else:
                parts.append(one_hot)
        return np.hstack(parts)

"""Learning curves of many trained networks, read from tables of `benchmarks.samplers.table` and from searches."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from results.tables import completed, read_trials
from space import Architecture, InputError, SearchSpace
from space.gene import Choice

Array = NDArray[np.float64]


def free_genes(space: SearchSpace) -> list[str]:
    """The names of the genes that have more than one choice."""
    return [gene.name for gene in space.genes if len(gene.choices) > 1]


def free_choices(space: SearchSpace, network: Architecture) -> dict[str, Choice]:
    """The choices of `network` for the free genes."""
    choices = space.spell(network)
    return {name: choices[name] for name in free_genes(space)}


def _of_search(folder: Path) -> pd.DataFrame:
    """The complete trials as rows of a table."""
    trials = read_trials(folder)
    trials = completed(trials)
    if (trials["epochs"] > 1).any():
        raise InputError(
            f"{folder} has trainings of several epochs, and only the last accuracy of each; "
            "give a search by trainings of one epoch"
        )
    return trials.drop(columns="epochs").rename(columns={"accuracy": "epoch1"})


@dataclass(frozen=True)
class LearningCurves:
    """Validation accuracies of n networks after each epoch.

    Args:
        networks: n of them.
        curves: one array a network, (seeds, epochs), accuracy from 0 to 1.
    """

    networks: list[Architecture]
    curves: list[Array]

    @classmethod
    def read(cls, paths: Sequence[Path], space: SearchSpace) -> "LearningCurves":
        """From tables, and from folders of searches by proxies of one epoch.

        Raises:
            InputError: they are of another space, the numbers of epochs differ, or a search has several.
        """
        genes = free_genes(space)
        if not genes:
            raise InputError(f"there is one network of {space.family} alone; give the --space of the table")
        rows = pd.concat([_of_search(path) if path.is_dir() else pd.read_csv(path) for path in paths])
        if lacking := [name for name in genes if name not in rows]:
            tables = ", ".join(map(str, paths))
            raise InputError(f"{tables}: no column {lacking[0]}; give the --dataset, --space and --width of the table")
        epochs = [name for name in rows if str(name).startswith("epoch")]
        if rows[epochs].isna().any(axis=None):
            raise InputError(f"{', '.join(map(str, paths))} have different numbers of epochs")
        groups = [group for _, group in rows.groupby(genes, sort=False)]
        networks = [space.architecture(group[genes].to_dict("records")[0]) for group in groups]
        return cls(networks, [group[epochs].to_numpy(float) for group in groups])

    @property
    def means(self) -> Array:
        """The mean over seeds, (n, epochs)."""
        return np.array([curves.mean(0) for curves in self.curves])

    def repeated(self) -> list[int]:
        """The numbers of the networks with several trainings. Raises InputError where there is none."""
        if several := [number for number, curves in enumerate(self.curves) if len(curves) > 1]:
            return several
        raise InputError("no network of the table was trained twice, so its noise is not known; train several --seeds")

    def residuals(self) -> tuple[NDArray[np.intp], Array]:
        """How far each training is from the mean of its network.

        Only networks with several trainings count. The residuals from the mean of s trainings are too small by
        sqrt((s - 1) / s); they are scaled up by that.

        Returns:
            The index of the network, (m,), and the residuals, (m, epochs).
        """
        repeated = self.repeated()
        scaled = [(c - c.mean(0)) * np.sqrt(len(c) / (len(c) - 1)) for c in map(self.curves.__getitem__, repeated)]
        return np.repeat(repeated, [len(c) for c in scaled]), np.concatenate(scaled)

"""A model of a table of trainings: what any network of its space would reach, epoch by epoch, without training it.

    python -m benchmarks.samplers.surrogate --csv benchmarks/tables/digits.csv

Prints how well regressions predict networks that they have not seen, by cross-validation, beside what the noise of the
table allows at best; and that noise. The table is one of `benchmarks.samplers.table`.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import kendalltau, spearmanr
from sklearn.base import RegressorMixin
from sklearn.ensemble import ExtraTreesRegressor, HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Kernel, Matern, WhiteKernel
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from benchmarks.samplers.table import genes_of
from results.command import run_command
from search.data.catalog import DATASETS
from search.flags import positive_float
from search.samplers.encoding import Encoding
from search.samplers.fresh import distributions_of
from space import Architecture, SearchSpace, load_space

REGRESSION = "gp-matern"
FOLDS = 10
ALIKE = 60

Array = NDArray[np.float64]


def gaussian_process(kernel: Kernel) -> GaussianProcessRegressor:
    return GaussianProcessRegressor(ConstantKernel() * kernel + WhiteKernel(0.2), normalize_y=True, random_state=0)


REGRESSIONS: dict[str, Callable[[], RegressorMixin]] = {
    "ridge": lambda: make_pipeline(StandardScaler(), RidgeCV(np.logspace(-1, 4, 26))),
    "ridge-pairs": lambda: make_pipeline(
        PolynomialFeatures(2, interaction_only=True), StandardScaler(), RidgeCV(np.logspace(0, 5, 26))
    ),
    "random-forest": lambda: RandomForestRegressor(200, max_features=0.5, random_state=0),
    "extra-trees": lambda: ExtraTreesRegressor(200, max_features=0.5, random_state=0),
    "boosting": lambda: HistGradientBoostingRegressor(learning_rate=0.05, max_leaf_nodes=8, random_state=0),
    "gp-rbf": lambda: gaussian_process(RBF(3, (0.3, 100))),
    "gp-matern": lambda: gaussian_process(Matern(3, (0.3, 100), nu=2.5)),
}


@dataclass(frozen=True)
class Table:
    """What `benchmarks.samplers.table` wrote.

    Args:
        networks: n of them.
        curves: for each the accuracies, (seeds, epochs).
    """

    networks: list[Architecture]
    curves: list[Array]

    @classmethod
    def read(cls, path: Path, space: SearchSpace) -> "Table":
        genes = list(genes_of(space, space.baselines()[0]))
        rows = pd.read_csv(path)
        epochs = [name for name in rows if name.startswith("epoch")]
        found = rows.groupby(genes, sort=False)
        networks = [space.architecture(dict(zip(genes, choices))) for choices in found.groups]
        return cls(networks, [group[epochs].to_numpy() for _, group in found])

    @property
    def means(self) -> Array:
        """(n, epochs), over seeds."""
        return np.array([curves.mean(0) for curves in self.curves])

    def residuals(self) -> tuple[NDArray[np.intp], Array]:
        """Which network, (m,), and by how much a training of it left its expectation, (m, epochs).

        Of s trainings the residuals from their mean are too small by sqrt((s - 1) / s), which is put right.
        """
        several = [number for number, curves in enumerate(self.curves) if len(curves) > 1]
        scaled = [(c - c.mean(0)) * np.sqrt(len(c) / (len(c) - 1)) for c in map(self.curves.__getitem__, several)]
        return np.repeat(several, [len(c) for c in scaled]), np.concatenate(scaled)


class Features:
    """What turns n networks of a space into numbers, (n, f)."""

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        self._encoding = Encoding.of(distributions_of(space))

    def __call__(self, networks: list[Architecture]) -> Array:
        spelled = map(self._space.spell, networks)
        return self._encoding.features(np.array([self._encoding.encode(choices) for choices in spelled]))


class Surrogate:
    """Expected learning curves by regression, and trainings that leave them as real ones do.

    Args:
        table: the trainings.
        space: what they are of.
        regression: a name in `REGRESSIONS`.
    """

    def __init__(self, table: Table, space: SearchSpace, regression: str = REGRESSION) -> None:
        self._features = Features(space)
        features = self._features(table.networks)
        self._models = [REGRESSIONS[regression]().fit(features, column) for column in table.means.T]
        whose, residuals = table.residuals()
        levels = self._predict(features)[whose, -1]
        order = np.argsort(levels, kind="stable")
        self._levels, self._residuals = levels[order], residuals[order]

    @property
    def epochs(self) -> int:
        return len(self._models)

    def curve(self, architecture: Architecture) -> Array:
        """The expected accuracy after each epoch, (epochs,)."""
        return self._predict(self._features([architecture]))[0]

    def train(self, architecture: Architecture, seed: int) -> Array:
        """The accuracy after each epoch of one training, (epochs,): the same whenever it is asked for.

        It leaves the expectation as one of the `ALIKE` trainings of the most similar expected accuracies did.
        """
        expected = self.curve(architecture)
        near = int(np.searchsorted(self._levels, expected[-1])) - ALIKE // 2
        first = max(0, min(near, len(self._levels) - ALIKE))
        residual = Random(f"{seed}/{architecture.key}").choice(self._residuals[first : first + ALIKE])
        return np.clip(expected + residual, 0, 1)

    def _predict(self, features: Array) -> Array:
        """(n, epochs) of (n, f)."""
        return np.clip(np.transpose([model.predict(features) for model in self._models]), 0, 1)


def held_out(regression: str, features: Array, accuracy: Array) -> Array:
    """(n,) predictions of networks that the regression was not fitted to, from (n, f) features."""
    folds = KFold(FOLDS, shuffle=True, random_state=0)
    return cross_val_predict(REGRESSIONS[regression](), features, accuracy, cv=folds)


def reliability(pairs: Array) -> float:
    """The share of the variance of the mean of two trainings, (n, 2), that another two would repeat.

    Spearman-Brown: 2 r / (1 + r), for the correlation r between the trainings.
    """
    single = np.corrcoef(pairs.T)[0, 1]
    return 2 * single / (1 + single)


def describe_regressions(table: Table, space: SearchSpace) -> Iterator[str]:
    """A row each, then what a perfect one would reach of normal accuracies with this noise."""
    features, accuracy = Features(space)(table.networks), table.means[:, -1]
    yield f"{len(accuracy)} networks, {FOLDS} folds        rho    tau     R2"
    for name in REGRESSIONS:
        found = held_out(name, features, accuracy)
        rho, tau = spearmanr(found, accuracy).statistic, kendalltau(found, accuracy).statistic
        yield f"{name:<28} {rho:6.3f} {tau:6.3f} {r2_score(accuracy, found):6.3f}"
    repeated = reliability(np.array([curves[:2, -1] for curves in table.curves if len(curves) > 1]))
    rho = np.sqrt(repeated)
    yield f"{'at best':<28} {rho:6.3f} {np.arcsin(rho) * 2 / np.pi:6.3f} {repeated:6.3f}"


def describe_noise(table: Table) -> Iterator[str]:
    """By epoch: mean accuracy, its spread between networks, and how far trainings of one network spread."""
    whose, residuals = table.residuals()
    last = table.means[:, -1]
    yield "epoch    mean  between   seeds  seeds' correlation with the last epoch  networks'"
    for epoch, (mean, residual) in enumerate(zip(table.means.T, residuals.T), 1):
        together, ranks = np.corrcoef(residual, residuals[:, -1])[0, 1], spearmanr(mean, last).statistic
        yield (
            f"{epoch:5} {mean.mean():7.2%} {mean.std():8.2%} {np.sqrt((residual**2).mean()):7.2%}"
            f" {together:39.2f} {ranks:10.2f}"
        )
    parts = np.array_split(np.argsort(last[whose], kind="stable"), 4)
    spreads = ", ".join(f"{np.sqrt((residuals[part, -1] ** 2).mean()):.2%}" for part in parts)
    yield f"spread over seeds after the last epoch, from the worst quarter of the networks to the best: {spreads}"


def add_table_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--csv", type=Path, required=True, help="the table")
    parser.add_argument("--dataset", choices=DATASETS, default="digits")
    parser.add_argument("--space", default="mobinet")
    parser.add_argument("--width", type=positive_float, default=1.0)


def load_table_space(args: argparse.Namespace) -> SearchSpace:
    return load_space(args.space, input_shape=DATASETS[args.dataset].input_shape, width=args.width)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_table_arguments(parser)
    args = parser.parse_args()
    space = load_table_space(args)
    table = Table.read(args.csv, space)
    for line in chain(describe_regressions(table, space), [""], describe_noise(table)):
        print(line, flush=True)


if __name__ == "__main__":
    run_command(main)

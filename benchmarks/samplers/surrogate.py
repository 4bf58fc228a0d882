"""A surrogate: predicts what any network of a space would reach, epoch by epoch, without training it.

    python -m benchmarks.samplers.surrogate --space paper.toml --csv benchmarks/tables/digits.csv

It learns from a table of `benchmarks.samplers.table`. The command prints how well each regression predicts networks
that it was not fitted to (cross-validation), the best that the noise of the table allows, and that noise.
"""

import argparse
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from random import Random

import numpy as np
from scipy.stats import kendalltau, spearmanr
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, cross_val_predict

from benchmarks.flags import add_space_flags, load_space_from
from benchmarks.samplers.features import NetworkEncoder
from benchmarks.samplers.learning_curves import Array, LearningCurves
from benchmarks.samplers.regressions import DEFAULT_REGRESSION, REGRESSIONS
from space import Architecture, SearchSpace
from space.command import Parser, run_command

FOLDS = 10
NEIGHBOURS = 60
"""The noise of a training is drawn from the trainings of so many with the most similar accuracy."""


class Surrogate:
    """Mean learning curves from a regression, plus the noise of real trainings.

    Args:
        table: the trainings.
        space: what they are of.
        regression: a name in `REGRESSIONS`.
    """

    def __init__(self, table: LearningCurves, space: SearchSpace, regression: str = DEFAULT_REGRESSION) -> None:
        self._encoder = NetworkEncoder(space)
        features = self._encoder.features(table.networks)
        self._models = [REGRESSIONS[regression]().fit(features, column) for column in table.means.T]
        network, residuals = table.residuals()
        levels = self._predict(features)[network, -1]
        order = np.argsort(levels, kind="stable")
        self._levels, self._residuals = levels[order], residuals[order]

    @property
    def epochs(self) -> int:
        return len(self._models)

    def curve(self, architecture: Architecture) -> Array:
        """The mean accuracy after each epoch, (epochs,)."""
        return self._predict(self._encoder.features([architecture]))[0]

    def train(self, architecture: Architecture, seed: int) -> Array:
        """The accuracy after each epoch of one training, (epochs,). The same seed gives the same training.

        The noise is the whole curve of residuals of one real training, drawn among the `NEIGHBOURS` whose predicted
        accuracies are the most similar.
        """
        mean = self.curve(architecture)
        near = int(np.searchsorted(self._levels, mean[-1])) - NEIGHBOURS // 2
        first = max(0, min(near, len(self._levels) - NEIGHBOURS))
        residual = Random(f"{seed}/{architecture.key}").choice(self._residuals[first : first + NEIGHBOURS])
        return np.clip(mean + residual, 0, 1)

    def _predict(self, features: Array) -> Array:
        """(n, epochs) from (n, features)."""
        return np.clip(np.transpose([model.predict(features) for model in self._models]), 0, 1)


def held_out(regression: str, features: Array, accuracy: Array) -> Array:
    """Predictions of networks that the regression was not fitted to, (n,), from (n, features)."""
    folds = KFold(FOLDS, shuffle=True, random_state=0)
    return cross_val_predict(REGRESSIONS[regression](), features, accuracy, cv=folds)


def reliability(pairs: Array) -> float:
    """The share of the variance of the mean of two trainings, (n, 2), that another two would repeat.

    Spearman-Brown: 2 r / (1 + r), for the correlation r between the trainings.
    """
    single = np.corrcoef(pairs.T)[0, 1]
    return 2 * single / (1 + single)


def describe_regressions(table: LearningCurves, space: SearchSpace) -> Iterator[str]:
    """One row a regression, then what a perfect one would reach of normal accuracies with this noise."""
    repeated = reliability(np.array([table.curves[number][:2, -1] for number in table.repeated()]))
    features, accuracy = NetworkEncoder(space).features(table.networks), table.means[:, -1]
    yield f"{len(accuracy)} networks, {FOLDS} folds        rho    tau     R2"
    for name in REGRESSIONS:
        predicted = held_out(name, features, accuracy)
        rho, tau = spearmanr(predicted, accuracy).statistic, kendalltau(predicted, accuracy).statistic
        yield f"{name:<28} {rho:6.3f} {tau:6.3f} {r2_score(accuracy, predicted):6.3f}"
    rho = np.sqrt(repeated)
    yield f"{'at best':<28} {rho:6.3f} {np.arcsin(rho) * 2 / np.pi:6.3f} {repeated:6.3f}"


def describe_noise(table: LearningCurves) -> Iterator[str]:
    """One row an epoch: mean accuracy, its spread between networks, and the spread between seeds of one network."""
    network, residuals = table.residuals()
    last = table.means[:, -1]
    yield "epoch    mean  between   seeds  seeds' correlation with the last epoch  networks'"
    for epoch, (mean, residual) in enumerate(zip(table.means.T, residuals.T), 1):
        together, ranks = np.corrcoef(residual, residuals[:, -1])[0, 1], spearmanr(mean, last).statistic
        yield (
            f"{epoch:5} {mean.mean():7.2%} {mean.std():8.2%} {np.sqrt((residual**2).mean()):7.2%}"
            f" {together:39.2f} {ranks:10.2f}"
        )
    quarters = np.array_split(np.argsort(last[network], kind="stable"), 4)
    spreads = ", ".join(f"{np.sqrt((residuals[quarter, -1] ** 2).mean()):.2%}" for quarter in quarters)
    yield f"spread over seeds after the last epoch, from the worst quarter of the networks to the best: {spreads}"


def add_table_flags(parser: argparse.ArgumentParser) -> None:
    """A table and the space it was made in."""
    help = "tables of benchmarks.samplers.table, and folders of searches by trainings of one epoch"
    parser.add_argument("--csv", type=Path, nargs="+", required=True, metavar="TABLE", help=help)
    add_space_flags(parser)


def named(tables: Sequence[Path]) -> str:
    return " and ".join(path.name for path in tables)


def main() -> None:
    parser = Parser(description=__doc__)
    add_table_flags(parser)
    args = parser.parse_args()
    space = load_space_from(args)
    table = LearningCurves.read(args.csv, space)
    for line in chain(describe_regressions(table, space), [""], describe_noise(table)):
        print(line, flush=True)


if __name__ == "__main__":
    run_command(main)

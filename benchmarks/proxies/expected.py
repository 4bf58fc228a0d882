"""Does smoothing by a regression rank networks better? Computed from trainings that are already in tables.

    python -m benchmarks.proxies.expected --fidelity benchmarks/tables/cifar10-fidelity.csv \
        --csv benchmarks/tables/cifar10.csv --dataset cifar10 --width 0.125

A search chooses its front by expected accuracies: those that a regression over all its trials predicts
(`search.study.expectation`). Here the trials are the networks that `benchmarks.proxies.fidelity` ranked, alone or
together with the first training of each network in a table of `benchmarks.samplers.table` made by the same proxy.
Prints, for measured and for expected accuracies, Kendall's tau with the mean of the full trainings and the regret of
choosing by them, both as means over the proxy's seeds.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.flags import load_space_from
from benchmarks.proxies.fidelity import ranking, read_accuracies
from benchmarks.samplers.features import NetworkEncoder
from benchmarks.samplers.learning_curves import LearningCurves
from benchmarks.samplers.surrogate import add_table_flags
from search.flags import positive_int
from search.study.expectation import expected_accuracy
from space import InputError
from space.command import Parser, run_command

Array = NDArray[np.float64]


def describe(name: str, ranked: Iterable[Array], truth: Array) -> str:
    tau, regret = ranking(ranked, truth)
    return f"{name:>40} {tau:5.2f} {regret:7.2%}"


def main() -> None:
    parser = Parser(description=__doc__)
    add_table_flags(parser)
    parser.add_argument("--fidelity", type=Path, required=True, help="what benchmarks.proxies.fidelity --csv wrote")
    parser.add_argument("--proxy", default="proxy, 4", help="the evaluator in it that also made the table")
    parser.add_argument("--classes", type=positive_int, default=10, help="of the data set")
    args = parser.parse_args()
    space = load_space_from(args)
    networks, accuracies = read_accuracies(args.fidelity, space, args.classes)
    encoder = NetworkEncoder(space)
    rows = encoder.rows(networks)
    if args.proxy not in accuracies:
        raise InputError(f"{args.fidelity} has no evaluator {args.proxy!r}; it has: {'; '.join(accuracies)}")
    full, *_ = accuracies.values()
    truth = full.mean(1)
    table = LearningCurves.read(args.csv, space)
    others = np.array([curves[0, -1] for curves in table.curves])
    print(f"{len(networks)} networks, {len(others)} more in the table                tau  regret")
    for name, measured in accuracies.items():
        print(describe(f"{name}, measured", measured.T, truth))
        alone = [expected_accuracy(encoder.encoding, rows, column)[0] for column in measured.T]
        print(describe(f"{name}, expected", alone, truth))
    more = np.concatenate([rows, encoder.rows(table.networks)])
    together = [
        expected_accuracy(encoder.encoding, more, np.append(column, others))[0][: len(rows)]
        for column in accuracies[args.proxy].T
    ]
    print(describe(f"{args.proxy}, expected with the table's", together, truth))


if __name__ == "__main__":
    run_command(main)

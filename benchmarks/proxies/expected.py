"""Do expected accuracies rank networks better than measured ones? From trainings that were done before.

    python -m benchmarks.proxies.expected --fidelity benchmarks/tables/cifar10-fidelity.csv \
        --csv benchmarks/tables/cifar10.csv --dataset cifar10 --width 0.125

A search exports the front of what a regression through all its trials expects (`search.study.expectation`). Here
its trials are the proxies of the networks that `benchmarks.proxies.fidelity` ranked, alone or with the first training
of each network of a table of `benchmarks.samplers.table`, made by the same proxy. Prints Kendall's tau of measured and
expected accuracies with the mean of the full trainings, and the regret of choosing by them, in the mean over the
proxy's seeds.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.proxies.fidelity import networks_to_rank, ranking
from benchmarks.samplers.surrogate import Table, add_table_arguments, load_table_space
from results.command import run_command
from search.flags import positive_int
from search.samplers.encoding import Encoding, Rows
from search.samplers.fresh import distributions_of
from search.study.expectation import expected_accuracy
from space import Architecture, InputError

Array = NDArray[np.float64]


def seeds_of(found: pd.DataFrame) -> dict[str, Array]:
    """By evaluator, the full one first, its accuracies, (networks, seeds)."""
    columns: dict[str, list[str]] = {}
    for column in found.columns[1:]:
        columns.setdefault(column.rpartition(", seed ")[0], []).append(column)
    return {name: found[seeds].to_numpy() for name, seeds in columns.items()}


def describe(name: str, ranked: Iterable[Array], truth: Array) -> str:
    tau, regret = ranking(ranked, truth)
    return f"{name:>40} {tau:5.2f} {regret:7.2%}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_table_arguments(parser)
    parser.add_argument("--fidelity", type=Path, required=True, help="what benchmarks.proxies.fidelity --csv left")
    parser.add_argument("--proxy", default="proxy, 4", help="the evaluator there that made the table as well")
    parser.add_argument("--classes", type=positive_int, default=10)
    args = parser.parse_args()
    space = load_table_space(args)
    found = pd.read_csv(args.fidelity)
    networks = networks_to_rank(space, len(found), args.classes)
    if [network.describe() for network in networks] != found["network"].tolist():
        raise InputError(f"{args.fidelity} ranks networks of another space")
    encoding = Encoding.of(distributions_of(space))

    def rows_of(networks: list[Architecture]) -> Rows:
        return np.array([encoding.encode(space.spell(network)) for network in networks])

    rows, seeds = rows_of(networks), seeds_of(found)
    full, *_ = seeds.values()
    truth = full.mean(1)
    table = Table.read(args.csv, space)
    others = np.array([curves[0, -1] for curves in table.curves])
    print(f"{len(networks)} networks, {len(others)} more in the table                tau  regret")
    for name, accuracies in seeds.items():
        print(describe(f"{name}, measured", accuracies.T, truth))
        alone = [expected_accuracy(encoding, rows, column) for column in accuracies.T]
        print(describe(f"{name}, expected", alone, truth))
    more, ranked = np.concatenate([rows, rows_of(table.networks)]), seeds[args.proxy]
    together = [expected_accuracy(encoding, more, np.append(column, others))[: len(rows)] for column in ranked.T]
    print(describe(f"{args.proxy}, expected with the table's", together, truth))


if __name__ == "__main__":
    run_command(main)

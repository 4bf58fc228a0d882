"""Of the same trials, is the front by OPs the front of what a user pays for?

    python -m benchmarks.speed.by_cost benchmarks/tables/cifar10-front --latency here.csv cortex-m4.csv

For each table of latencies, which `python -m mobinet.latency` measured: Kendall's tau between OPs and latency over all
complete trials, and how much slower the networks on the front by OPs are than the fastest that are as accurate.
"""

from math import nan
from pathlib import Path

from scipy.stats import kendalltau

from mobinet.latency.table import TAU, WHOLE, pieces_digest, read_table
from results.entry import architecture_of
from results.measures import ACCURACY
from results.run_config import read_config
from results.tables import completed, read_trials
from results.two_costs import two_fronts
from search.refresh import space_of
from space.command import Parser, run_command
from space.objective import OBJECTIVES

LATENCY = OBJECTIVES["latency"]


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("run", type=Path, help="the folder of a search that has ended")
    parser.add_argument("--latency", type=Path, nargs="+", required=True, help="tables of latencies")
    args = parser.parse_args()
    config, trials = read_config(args.run), read_trials(args.run)
    complete = completed(trials)
    networks = [architecture_of(row, config) for row in complete.to_dict("records")]
    pieces = pieces_digest(space_of(config, args.run), config.num_classes)
    print(f"{len(complete)} complete trials of {args.run}")
    for path in args.latency:
        table = read_table(path)
        latencies = [table.latency(network, config.num_classes, pieces) for network in networks]
        timed = complete.assign(latency=latencies)
        spread = timed["latency"].max() / timed["latency"].min()
        tau = float(kendalltau(timed["ops"], timed["latency"]).statistic)
        rows = (table.row_of(kind, config.backbone, config.width, pieces) for kind in (WHOLE, TAU))
        ratio, tau_of_sums = (table.values.get(name, nan) for name in rows)
        checked = f"whole / sum {ratio:.2f}, tau {tau_of_sums:.2f}"
        print(
            f"\n{table.target} ({table.machine}; {checked}): the slowest takes {spread:.2f} times the fastest\n"
            f"Kendall's tau between OPs and latency: {tau:.2f}\n{two_fronts(timed, LATENCY, ACCURACY).text(LATENCY)}"
        )


if __name__ == "__main__":
    run_command(main)

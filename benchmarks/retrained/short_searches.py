"""How often does a short search beat every hand-designed network? Runs searches, and trains again what they found.

    python -m benchmarks.retrained.short_searches "--trials 30" --searches 20 --out runs/short --table runs/short.csv

The argument holds the flags of `python -m search.run`; each search has a seed of its own. It stands for the network
that it expects most of, among those that its sampler proposed and that cost no more than the hand-designed network that
it expects most of. These and all hand-designed networks are then trained with other seeds, as the search trains them,
and judged on test images, which no search has seen. Prints one row a search: cost and accuracy of its network, and how
far it is ahead of the best of all hand-designed ones. To resume a stopped command, run it again.
"""

import shlex
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.flags import add_worker_flags
from benchmarks.retrained.compare_searches import run_search
from benchmarks.retrained.full_training import Array, FullTraining, contrast
from results.entry import architecture_of
from results.run_config import RunConfig
from results.tables import completed, deciding_accuracy, read_trials
from search.flags import positive_int
from search.recipe import Recipe
from search.training.devices import find_device
from space import Architecture, InputError
from space.command import Parser, run_command

FIRST_SEED = 1000
"""Of the trainings that judge; the searches have lower ones."""
CostOf = Callable[[Architecture], float]


def found_by(trials: pd.DataFrame, config: RunConfig) -> tuple[list[Architecture], Architecture]:
    """The hand-designed networks of a search, and the one that it found."""
    complete = completed(trials)
    complete = complete.assign(deciding=deciding_accuracy(complete, config.measure))
    own, proposed = (complete[complete["source"] == source] for source in ("baseline", "sampler"))
    most = own.loc[own["deciding"].idxmax(), config.objective]
    allowed = proposed[proposed[config.objective] <= most]
    if allowed.empty:
        raise InputError("a search proposed no network that costs so little; give it more --trials")
    best = allowed.loc[allowed["deciding"].idxmax()].to_dict()
    return [architecture_of(row, config) for row in own.to_dict("records")], architecture_of(best, config)


def print_verdict(own: list[Architecture], found: list[Architecture], judged: dict[str, Array], cost: CostOf) -> None:
    """A row a search, then how many are ahead.

    Args:
        own: the hand-designed networks.
        found: by each search.
        judged: the test accuracies of each network, by key.
        cost: of each network.
    """
    best = max(own, key=lambda network: judged[network.key].mean())
    print(f"best hand-designed: {best.describe()}\n{'':21}{row_of(best, judged, cost)}\nsearch  found")
    ahead = cheaper = 0
    for seed, network in enumerate(found):
        lead = judged[network.key].mean() - judged[best.key].mean()
        ahead += lead > 0
        cheaper += lead > 0 and cost(network) <= cost(best)
        print(f"{seed:6}  {network.key} {row_of(network, judged, cost)}  {lead:+7.2%}")
    print(f"{ahead} of {len(found)} are more accurate than all hand-designed ones, {cheaper} of these at no more cost")
    keys = [best.key, *dict.fromkeys(network.key for network in found)]
    weights = np.array([sum(network.key == key for network in found) / len(found) for key in keys])
    weights[0] -= 1
    value, error, p = contrast(np.stack([judged[key] for key in keys], 1), weights)
    print(f"in the mean {value:+.2%} +- {error:.2%} (standard error), p = {p:.2g}")


def row_of(network: Architecture, judged: dict[str, Array], cost: CostOf) -> str:
    accuracies = judged[network.key]
    error = accuracies.std(ddof=1) / len(accuracies) ** 0.5
    return f"{cost(network):11,.0f}  {accuracies.mean():.2%} +- {error:.2%} (standard error)"


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("flags", help="of each search, in quotes")
    parser.add_argument("--searches", type=positive_int, default=20, help="how many (default: 20)")
    parser.add_argument("--seeds", type=positive_int, default=10, help="trainings that judge each network")
    parser.add_argument("--out", type=Path, required=True, help="folder for the searches")
    parser.add_argument("--table", type=Path, help="a CSV file that keeps the trainings")
    add_worker_flags(parser)
    args = parser.parse_args()
    found, costs = [], {}
    for seed in range(args.searches):
        config, _, _ = run_search([*shlex.split(args.flags), "--seed", str(seed)], args.out / str(seed))
        trials = read_trials(args.out / str(seed))
        own, best = found_by(trials, config)
        costs |= dict(zip(trials["key"], trials[config.objective]))
        found.append(best)
    training = FullTraining(
        dataset=config.dataset,
        data_dir=config.data_dir,
        input_shape=own[0].input_shape,
        recipe=Recipe(**config.recipe),
        device=find_device(args.device),
    )
    networks = {network.key: network for network in (*own, *found)}
    accuracies = training.accuracies(
        [*networks.values()], seeds=args.seeds, workers=args.workers, table=args.table, first_seed=FIRST_SEED
    )
    print_verdict(own, found, dict(zip(networks, accuracies.T)), lambda network: costs[network.key])


if __name__ == "__main__":
    run_command(main, resumes=True)

"""Are searched networks better than hand-designed ones? Trains both from scratch on the full schedule.

    python -m search.run --trials 200
    python -m benchmarks.retrained.searched_vs_handmade runs/digits --seeds 3

The searched networks are those on the front of what the sampler proposed, by validation images. Each hand-designed
network is compared with the most accurate searched one that costs no more. Test images play no part in the choice.
Prints OPs and test accuracy of both, mean and standard deviation over seeds, and by how much the searched one is ahead.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.flags import add_worker_flags, make_parser
from benchmarks.retrained.full_training import FullTraining, deviation
from results.command import run_command
from results.entry import architecture_of
from results.run_config import read_config
from results.tables import front_of, read_trials
from search.data.catalog import DATASETS
from search.flags import positive_int
from search.training.devices import find_device
from space.objective import OBJECTIVES


def describe_row(row: pd.Series) -> str:
    return f"{row['ops']:9,.0f}  {row['mean']:7.2%} +- {row['std']:5.2%}"


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("folder", type=Path, help="the folder of a finished search")
    parser.add_argument("--seeds", type=positive_int, default=3, help="trainings of each network")
    parser.add_argument("--epochs", type=positive_int, help="default: the data set's full schedule")
    add_worker_flags(parser)
    args = parser.parse_args()
    config, trials = read_config(args.folder), read_trials(args.folder)
    handmade, sampled = (trials[trials["source"] == source] for source in ("baseline", "sampler"))
    front = front_of(sampled, OBJECTIVES[config.objective])
    partners = {row.number: front[front["ops"] <= row.ops].tail(1) for row in handmade.itertuples()}
    used = pd.concat(partners.values()).drop_duplicates("number")
    print(f"{len(front)} networks on the front of {len(sampled)}; {len(used)} of them have a hand-designed partner")
    recipe = DATASETS[config.dataset].recipes["full"]
    training = FullTraining(
        dataset=config.dataset,
        data_dir=config.data_dir,
        recipe=replace(recipe, epochs=args.epochs or recipe.epochs),
        device=find_device(args.device),
    )
    rows = pd.concat([handmade, used])
    networks = [architecture_of(row, config) for row in rows.to_dict("records")]
    accuracies = training.accuracies(networks, seeds=args.seeds, workers=args.workers)
    trained = rows.assign(mean=accuracies.mean(0), std=deviation(accuracies)).set_index("number")
    ahead = []
    print("  by hand     OPs  test               OPs of the searched, test   ahead")
    for number, partner in partners.items():
        hand = trained.loc[number]
        line = f"{hand['layer0.block']:>7} K={hand['layer4.k']}  {describe_row(hand)}"
        if len(partner):
            searched = trained.loc[partner["number"].item()]
            ahead.append(searched["mean"] - hand["mean"])
            line += f"   {describe_row(searched)}  {ahead[-1]:+6.2%}"
        print(line)
    print(f"{sum(a >= 0 for a in ahead)} of {len(ahead)} are at least as accurate, {np.mean(ahead):+.2%} in the mean")


if __name__ == "__main__":
    run_command(main)

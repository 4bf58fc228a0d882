"""Was it worth searching? Trains what a search found and the uniform networks of the paper, all from scratch.

    python -m search.run --trials 200 --sampler front --out runs/digits
    python -m benchmarks.answers.searched_vs_handmade runs/digits --seeds 3

The found networks are those that a sampler proposed and that no other of these beats by the search's validation
images. Each hand-designed network is held against the most accurate of them, by the same images, that costs no more;
test images choose nothing. Prints OPs and test accuracy after the full schedule, mean and standard deviation over
seeds, and how far the mean of the found one is ahead.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.answers.compare import Job, deviation, run_jobs
from results.command import run_command
from results.entry import architecture_of
from results.run_config import RunConfig, read_config
from results.tables import front_of, read_trials
from search.data.catalog import DATASETS
from search.flags import positive_int
from search.training.devices import find_device
from space.objective import OBJECTIVES


def trained(networks: pd.DataFrame, config: RunConfig, args: argparse.Namespace) -> pd.DataFrame:
    """`networks`, (n, columns of trials.csv), with mean and standard deviation of their test accuracies."""
    recipe = DATASETS[config.dataset].recipes["full"]
    jobs = [
        Job(
            network=architecture_of(row, config),
            dataset=config.dataset,
            data_dir=config.data_dir,
            recipe=replace(recipe, epochs=args.epochs or recipe.epochs),
            images=None,
            seed=seed,
            device=find_device(args.device),
            validate=False,
        )
        for seed in range(args.seeds)
        for row in networks.to_dict("records")
    ]
    found = run_jobs(jobs, args.workers).reshape(args.seeds, -1)
    return networks.assign(mean=found.mean(0), std=deviation(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="of a finished search")
    parser.add_argument("--seeds", type=positive_int, default=3)
    parser.add_argument("--epochs", type=positive_int)
    parser.add_argument("--device")
    parser.add_argument("--workers", type=positive_int, default=2)
    args = parser.parse_args()
    config, trials = read_config(args.folder), read_trials(args.folder)
    handmade, sampled = (trials[trials["source"] == source] for source in ("baseline", "sampler"))
    front = front_of(sampled, OBJECTIVES[config.objective])
    partners = {row.number: front[front["ops"] <= row.ops].tail(1) for row in handmade.itertuples()}
    used = pd.concat(partners.values()).drop_duplicates("number")
    print(f"{len(front)} networks on the front of {len(sampled)}; {len(used)} of them are held against one by hand")
    both = trained(pd.concat([handmade, used]), config, args).set_index("number")
    ahead = []
    print("  by hand     OPs  test               OPs of the found, test      ahead")
    for number, partner in partners.items():
        hand = both.loc[number]
        line = f"{hand['layer0.block']:>7} K={hand['layer4.k']}  {shown(hand)}"
        if len(partner):
            found = both.loc[partner["number"].item()]
            ahead.append(found["mean"] - hand["mean"])
            line += f"   {shown(found)}  {ahead[-1]:+6.2%}"
        print(line)
    print(f"{sum(a >= 0 for a in ahead)} of {len(ahead)} are at least as accurate, {np.mean(ahead):+.2%} in the mean")


def shown(row: pd.Series) -> str:
    return f"{row['ops']:9,.0f}  {row['mean']:7.2%} +- {row['std']:5.2%}"


if __name__ == "__main__":
    run_command(main)

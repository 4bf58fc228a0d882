"""Are searched networks better than hand-designed ones? Trains both from scratch on the full schedule.

    python -m search.run --trials 200
    python -m benchmarks.retrained.searched_vs_handmade runs/digits --seeds 3

The searched networks are those on the front of what the sampler proposed, by validation images. Each hand-designed
network is compared with the most accurate searched one that costs no more. Test images play no part in the choice.
Prints OPs and test accuracy of both, mean and standard deviation over seeds, and by how much the searched one is ahead;
then how far all are ahead in the mean, with its standard error and p: of all hand-designed networks, and of the best of
them, to which no other one is superior at no more OPs; and the hypervolume of both fronts.

With several runs, such as one of --sampler front and one of random, each is compared, then the first with the others,
over the hand-designed networks for which both have a searched one.
With --table the trainings are kept in a CSV file; to resume a stopped command, run it again. --plot draws all of them.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.flags import add_plot_flag, add_schedule_flags, add_worker_flags, check_plot, full_recipe
from benchmarks.retrained.full_training import Array, FullTraining, contrast, deviation
from results.entry import architecture_of
from results.hand_designed import hand_designed_names
from results.pareto import hypervolume, on_front
from results.run_config import RunConfig, read_config
from results.tables import completed, front_of, read_trials
from search.flags import positive_int
from search.training.devices import find_device
from space import InputError
from space.command import Parser, run_command
from space.family import input_shape_of


class Comparison:
    """The hand-designed networks, and for each the one that a search would have taken instead.

    Args:
        folder: of the finished search.
        handmade: the hand-designed networks, as rows of trials.
    """

    def __init__(self, folder: Path, handmade: pd.DataFrame) -> None:
        self.folder, self.handmade = folder, handmade
        self.config: RunConfig = read_config(folder)
        sampled = complete_trials(folder, "sampler")
        self.front = front_of(sampled, self.config.cost, self.config.measure)
        self.partners = {row.key: self._partner(row.ops) for row in self.handmade.itertuples()}
        used = self.front[self.front["key"].isin([key for key in self.partners.values() if key])]
        self.rows = pd.concat([self.handmade, used])
        self.networks = {row["key"]: architecture_of(row, self.config) for row in self.rows.to_dict("records")}

    def _partner(self, ops: float) -> str | None:
        """The key of the most accurate network of the front that costs at most so much."""
        within = self.front[self.front["ops"] <= ops]
        return within["key"].iloc[-1] if len(within) else None

    def print(self, keys: list[str], accuracies: Array) -> None:
        """Compare the run's networks, of all that were trained.

        Args:
            keys: of the n networks that were trained.
            accuracies: theirs, (seeds, n).
        """
        mean, std, names = accuracies.mean(0), deviation(accuracies), hand_designed_names(self.config)
        ops = self.rows.set_index("key")["ops"]
        pairs = [(hand, partner) for hand, partner in self.partners.items() if partner]
        print(f"\n{self.folder}: {len(self.front)} networks on the front of what the sampler proposed")
        print("  by hand                    OPs  test               searched OPs  test              ahead")
        for hand, partner in sorted(pairs, key=lambda pair: ops[pair[0]]):
            h, p = keys.index(hand), keys.index(partner)
            print(
                f"  {names[hand]:<18} {ops[hand]:11,.0f}  {mean[h]:.2%} +- {std[h]:.2%}   "
                f"{ops[partner]:11,.0f}  {mean[p]:.2%} +- {std[p]:.2%}  {mean[p] - mean[h]:+7.2%}"
            )
        ahead = sum(mean[keys.index(partner)] > mean[keys.index(hand)] for hand, partner in pairs)
        print(f"{ahead} of {len(pairs)} are more accurate at no more OPs; {lead(accuracies, keys, pairs)}")
        handmade = self.handmade["key"].to_numpy()
        best = set(handmade[on_front(mean[[keys.index(key) for key in handmade]], self.handmade["ops"])])
        pairs = [pair for pair in pairs if pair[0] in best]
        print(f"of the {len(pairs)} best by hand; {lead(accuracies, keys, pairs)}")
        reference = self.config.reference.accuracy, self.config.reference.cost
        for name, chosen in (("by hand", self.handmade["key"]), ("searched", pd.Series(self.partners.values()))):
            chosen = [key for key in chosen.dropna().unique()]
            volume = hypervolume(mean[[keys.index(key) for key in chosen]], ops[chosen], reference=reference)
            print(f"hypervolume of the front, {name}: {volume:.4f}")


def complete_trials(folder: Path, source: str) -> pd.DataFrame:
    trials = read_trials(folder)
    return completed(trials[trials["source"] == source])


def lead(accuracies: Array, keys: list[str], pairs: list[tuple[str, str]]) -> str:
    """How far the second of each pair is ahead of the first, in the mean.

    Args:
        accuracies: (seeds, n).
        keys: of the n networks.
        pairs: of keys.
    """
    weights = np.zeros(len(keys))
    for first, second in pairs:
        weights[keys.index(second)] += 1 / len(pairs)
        weights[keys.index(first)] -= 1 / len(pairs)
    value, error, p = contrast(accuracies, weights)
    return f"in the mean {value:+.2%} +- {error:.2%} (standard error), p = {p:.2g}"


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="RUN", help="the folder of a finished search")
    parser.add_argument("--seeds", type=positive_int, default=3, help="trainings of each network")
    add_schedule_flags(parser)
    parser.add_argument("--images", type=positive_int, help="train on the first so many images (default: all)")
    parser.add_argument("--table", type=Path, help="a CSV file that keeps the trainings")
    add_plot_flag(parser)
    add_worker_flags(parser)
    args = parser.parse_args()
    check_plot(args.plot)
    configs = [read_config(folder) for folder in args.folders]
    if len({(each.dataset, each.family, each.backbone, each.width) for each in configs}) > 1:
        raise InputError("the runs differ in data set, family, backbone or width; compare runs that do not")
    handmade = pd.concat([complete_trials(folder, "baseline") for folder in args.folders]).drop_duplicates("key")
    comparisons = [Comparison(folder, handmade) for folder in args.folders]
    config = configs[0]
    networks = {key: network for each in comparisons for key, network in each.networks.items()}
    training = FullTraining(
        dataset=config.dataset,
        data_dir=config.data_dir,
        input_shape=input_shape_of(config.family, config.backbone),
        recipe=full_recipe(args, config.dataset),
        device=find_device(args.device),
        images=args.images,
    )
    print(f"{len(networks)} networks x {args.seeds} seeds, {training.recipe}", flush=True)
    keys = list(networks)
    accuracies = training.accuracies(list(networks.values()), seeds=args.seeds, workers=args.workers, table=args.table)
    for each in comparisons:
        each.print(keys, accuracies)
    first, *others = comparisons
    for each in others:
        shared = [hand for hand, partner in first.partners.items() if partner and each.partners[hand]]
        pairs = [(each.partners[hand], first.partners[hand]) for hand in shared]
        print(f"\n{first.folder} against {each.folder}, over {len(pairs)}: {lead(accuracies, keys, pairs)}")
    if args.plot:
        from benchmarks.retrained.lead_plot import lead_figure
        from results.figures.style import write_figure

        write_figure(args.plot, lead_figure(_groups(comparisons), keys, accuracies))


def _groups(comparisons: list[Comparison]) -> dict[str, pd.Series]:
    """OPs by key: of the hand-designed networks, then of those that each search has beside them."""
    groups = {"by hand": comparisons[0].handmade.set_index("key")["ops"]}
    for each in comparisons:
        ops = each.rows.set_index("key")["ops"].drop(each.handmade["key"])
        groups[f"searched, sampler {each.config.sampler}"] = ops
    return groups


if __name__ == "__main__":
    run_command(main)

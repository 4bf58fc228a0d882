"""Train one network from scratch with the full schedule, test it, and write it with 1-bit weights.

    python -m search.retrain runs/digits/best.json
    python -m search.retrain runs/digits/pareto.json --key 0123456789ab
    python -m search.retrain mobinet-mid-k3 --dataset cifar10
    python -m search.retrain runs/digits/best.json --seeds 3       mean and standard deviation of three trainings
    python -m search.retrain runs/digits/pareto.json --all         the whole front
    torchrun --nproc-per-node 8 -m search.retrain runs/imagefolder/best.json      on eight GPUs

To resume from the last checkpoint, run the same command again. The report of the run then shows what the network
reached.
"""

import argparse
import io
import os
from contextlib import nullcontext, redirect_stderr, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from results.entry import Entry, read_entry
from results.front import read_front
from results.measures import ACCURACY, UNWEIGHTED
from results.run_config import read_config
from results.words import counted
from search.backends import BACKENDS
from search.data.catalog import find_dataset
from search.flags import add_training_flags, positive_float, positive_int
from search.flags.recipe import add_recipe_flags, recipe_of
from search.messages.listeners import add_listener_flags, heard
from search.messages.retrained_text import end_text, refresh_report, teacher_note
from search.several_flags import add_several_flags, check_several_flags, trains_several
from space import Architecture, InputError, named_network
from space.command import Parser, add_own_family, run_command, user_path
from space.own_file import check_digests
from space.reading import expanded

if TYPE_CHECKING:
    from search.training.retraining import Retraining


@dataclass(frozen=True, kw_only=True)
class Target:
    """A network to train.

    Args:
        architecture: the network.
        dataset, data_dir: on which images, unless flags name others.
        metric, class_weights: of the search, unless flags name others.
        folder: takes the folder KEY with the results, unless a flag names another.
        cost: what the search minimised, in words; empty for OPs.
    """

    architecture: Architecture
    dataset: str
    data_dir: str
    metric: str = ACCURACY.name
    class_weights: str = UNWEIGHTED
    folder: Path
    cost: str = ""


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    parser = Parser(prog="python -m search.retrain", description=__doc__)
    parser.add_argument("network", help="best.json, pareto.json, or a network's name")
    parser.add_argument("--key", help="which network of a pareto.json")
    add_training_flags(parser)
    add_recipe_flags(parser)
    add_own_family(parser)
    parser.add_argument(
        "--teacher",
        help="a trained network to learn from: the folder of a retraining, a file of TorchScript (.pt) or torch.export "
        "(.pt2), or torchvision:resnet18:weights.pth",
    )
    parser.add_argument("--backbone", help="of a network given by name (default: the one that fits the data set)")
    parser.add_argument("--width", type=positive_float, help="of a network given by name (default: its own)")
    parser.add_argument(
        "--accumulate", type=positive_int, default=1, help="slices of a batch to learn one after the other (default: 1)"
    )
    parser.add_argument(
        "--out",
        type=user_path,
        help="parent of the folder KEY (default: retrain/ beside the file, or runs/retrain/DATASET/)",
    )
    parser.add_argument("--tensorboard", type=user_path, metavar="DIR", help="write events for TensorBoard to DIR/KEY")
    add_several_flags(parser)
    add_listener_flags(parser)
    args = parser.parse_args(argv)
    check_several_flags(parser, args)
    return args


def main() -> None:
    with redirect_stderr(io.StringIO()) if _is_unheard() else nullcontext():
        args = parse()
    from search.training import ranks  # which loads torch

    with ranks.joined(), heard(args) as programs:
        retrain(args, programs)


def _is_unheard() -> bool:
    """Whether torchrun started this process beside the first one, which alone says what is wrong with the flags."""
    return "TORCHELASTIC_RUN_ID" in os.environ and os.environ.get("RANK") != "0"


def retrain(args: argparse.Namespace, programs: TextIO | None = None) -> None:
    """Train what the flags ask for; `programs` is the stream that gets events."""
    from search.machine import cores, missing_memory, use_threads, useful_threads
    from search.messages.epoch_line import EpochLine
    from search.messages.placement import device_text
    from search.messages.retrained_events import RetrainingEvents
    from search.messages.tensorboard import events_of, require_tensorboard
    from search.training import ranks
    from search.training.training import NonFiniteLoss

    if args.tensorboard:
        require_tensorboard()
    targets = find_targets(args)
    target = targets[0]
    retraining, events = assemble(args, target), RetrainingEvents(programs)
    if trains_several(args):
        from search.several import retrain_several

        return retrain_several(args, retraining, [each.architecture for each in targets], events)
    use_threads(useful_threads(retraining.architecture.input_shape, cores()))
    print(f"{retraining.images.describe()}\n{device_text(retraining.device)}")
    cost = f" ({target.cost})" if target.cost else ""
    print(f"{retraining.architecture.describe()}{cost}, into {retraining.folder}", flush=True)
    if first := retraining.recipe.first_epochs:
        print(f"float weights for the first {counted(first, 'epoch')}, without the fused kernels", flush=True)
    if note := teacher_note(retraining.recipe, retraining.teacher):
        print(note, flush=True)
    events.begin(retraining)
    line = EpochLine(epochs=retraining.recipe.epochs, metric=retraining.metric)
    try:
        with line, events_of(retraining.folder, args.tensorboard if ranks.rank() == 0 else None) as write:

            def on_epoch(row: dict[str, float]) -> None:
                write(row)
                events.epoch(row)
                line.show(row)

            summary = retraining.run(on_epoch)
    except NonFiniteLoss as error:
        raise InputError(f"training diverged: {error}; use another --seed and --out") from None
    except RuntimeError as error:
        if missing := missing_memory(error):
            raise InputError(f"{missing}; learn each batch in slices with --accumulate 2, or 4") from None
        raise
    events.end(retraining, summary)
    print(end_text(summary, retraining.folder, target.cost))
    if ranks.rank() == 0:
        print(refresh_report(retraining.folder), end="", flush=True)


def assemble(args: argparse.Namespace, target: Target) -> "Retraining":
    """The retraining that the flags ask for, of the `target`."""
    from search.data.checking import check_pictures
    from search.training.devices import own_device
    from search.training.retraining import Retraining
    from search.training.teacher_files import absolute_teacher

    dataset = args.dataset or target.dataset
    try:
        entry = find_dataset(dataset)
    except InputError:
        raise InputError(
            f"{args.network} was searched on {dataset!r}, which is no data set here; name one, or the file that holds "
            "it, with --dataset"
        ) from None
    data_dir, folder, teacher = args.data_dir or target.data_dir, args.out or target.folder, args.teacher or ""
    if BACKENDS[args.backend].elsewhere:  # another machine works in another folder
        data_dir, folder, teacher = str(Path(data_dir).absolute()), folder.absolute(), absolute_teacher(teacher)
    return Retraining(
        architecture=target.architecture,
        dataset=dataset,
        data_dir=data_dir,
        recipe=recipe_of(args, entry.recipes["full"]),
        seed=args.seed,
        device=own_device(args.device, input_shape=target.architecture.input_shape),
        folder=folder / target.architecture.key,
        metric=args.metric or target.metric,
        class_weights=args.class_weights or target.class_weights,
        teacher=teacher,
        accumulate=args.accumulate,
        leave_out=check_pictures(dataset, data_dir, skip=args.skip_broken),
    )


def find_targets(args: argparse.Namespace) -> list[Target]:
    """The networks that the flags name, one or more. Raises as `find_target` does."""
    if not args.all:
        return [find_target(args)]
    path = expanded(args.network)
    front = read_front(path, read_config(path.parent))
    return [find_target(argparse.Namespace(**{**vars(args), "key": entry.key})) for entry in front.entries]


def find_target(args: argparse.Namespace) -> Target:
    """The network that the flags name. Raises InputError when there is none, or its file was changed."""
    path = expanded(args.network)
    if path.suffix == ".json":
        from mobinet import cost  # which loads torch

        for flag in ("backbone", "width", "binarizer"):
            if getattr(args, flag) is not None:
                raise InputError(f"--{flag} goes with a network's name; {path} has its own")
        entry = read_entry(path, args.key, count=cost)
        names = {"space": entry.architecture.family, "dataset": entry.dataset}
        check_digests(entry.digests, names, path)
        own = path.parent / "retrain"
        return Target(
            architecture=entry.architecture,
            dataset=entry.dataset,
            data_dir=entry.data_dir,
            metric=entry.metric,
            class_weights=entry.class_weights,
            folder=own if args.dataset in (None, entry.dataset) else Path("runs", "retrain", args.dataset),
            cost=cost_text(entry, path.parent),
        )
    if path.is_file():
        raise InputError(f"{path} is not a best.json or pareto.json of a search")
    if path.is_dir():
        raise InputError(f"{path} is a folder; name a file in it, such as {path / 'best.json'}")
    if args.key is not None:
        raise InputError("--key goes with a pareto.json, not with a network's name")
    dataset = args.dataset or "digits"
    shape = find_dataset(dataset).input_shape
    choices = {"binarizer": args.binarizer} if args.binarizer else {}
    network = named_network(args.network, input_shape=shape, backbone=args.backbone, width=args.width, choices=choices)
    folder = Path("runs", "retrain", dataset)
    return Target(architecture=network, dataset=dataset, data_dir="data", folder=folder)


def cost_text(entry: Entry, run: Path) -> str:
    """What the search in the folder `run` minimised, where that is not OPs."""
    with suppress(InputError, KeyError):
        objective = read_config(run).cost
        if objective.name != "ops":
            return f"{objective.title}: {objective.show(entry.costs[objective.name])}"
    return ""


if __name__ == "__main__":
    run_command(main, resumes=True)

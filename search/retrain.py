"""Train one network from scratch with the full schedule, test it, and write it with 1-bit weights.

    python -m search.retrain runs/digits/best.json
    python -m search.retrain runs/digits/pareto.json --key 0123456789ab
    python -m search.retrain mobinet-mid-k3 --dataset cifar10
    python -m search.retrain runs/digits/best.json --seeds 3   mean and standard deviation of three trainings
    python -m search.retrain runs/digits/pareto.json --all     the whole front
    torchrun --nproc-per-node 8 -m search.retrain runs/imagefolder/best.json   on eight GPUs

To resume from the last checkpoint, run the same command again. The report of the run then shows what the network
reached.
"""

import argparse
import io
import os
from contextlib import nullcontext, redirect_stderr
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from results.words import counted
from search.backends import BACKENDS
from search.data.catalog import find_dataset
from search.flags import add_training_flags, positive_float, positive_int
from search.flags.recipe import add_recipe_flags, recipe_of
from search.messages.listeners import add_listener_flags, heard
from search.messages.retrained_text import end_text, teacher_note
from search.retraining.run_report import refresh_report
from search.several_flags import add_several_flags, check_several_flags, trains_several
from search.target import Target, find_targets
from space import InputError
from space.command import Parser, add_own_family, run_command, user_path

if TYPE_CHECKING:
    from search.retraining.retraining import Retraining


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    parser = Parser(prog="python -m search.retrain", description=__doc__)
    parser.add_argument("network", help="best.json, pareto.json, or a network's name")
    parser.add_argument("--key", help="which network of a pareto.json")
    gpus = "the first GPU; all with --all or --seeds; under torchrun one for each process"
    add_training_flags(parser, cuda=gpus, of_file="; for a network from a file, the file's")
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
    from search.training.devices import why_left_alone
    from search.training.training import NonFiniteLoss

    if args.tensorboard:
        require_tensorboard()
    targets = find_targets(args)
    target = targets[0]
    retraining, events = assemble(args, target), RetrainingEvents(programs)
    if trains_several(args):
        from search.several import retrain_several

        return retrain_several(args, retraining, [each.architecture for each in targets], events)
    shape = retraining.architecture.input_shape
    use_threads(useful_threads(shape, cores()))
    print(retraining.images.describe())
    print("; ".join(filter(None, (device_text(retraining.device), why_left_alone(args.device, input_shape=shape)))))
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
    print(end_text(summary, retraining.folder, target.cost, classes=len(retraining.images.classes)))
    if ranks.rank() == 0:
        print(refresh_report(retraining.folder), end="", flush=True)


def assemble(args: argparse.Namespace, target: Target) -> "Retraining":
    """The retraining that the flags ask for, of the `target`."""
    from search.data.checking import check_pictures
    from search.retraining.retraining import Retraining
    from search.training.devices import own_device
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
    elsewhere = BACKENDS[args.backend].elsewhere
    if elsewhere:  # another machine works in another folder, and may have the GPU that this one lacks
        data_dir, folder, teacher = str(Path(data_dir).absolute()), folder.absolute(), absolute_teacher(teacher)
    named = elsewhere and args.device
    return Retraining(
        architecture=target.architecture,
        dataset=dataset,
        data_dir=data_dir,
        recipe=recipe_of(args, entry.recipes["full"]),
        seed=args.seed,
        device=args.device if named else own_device(args.device, input_shape=target.architecture.input_shape),
        folder=folder / target.architecture.key,
        metric=args.metric or target.metric,
        class_weights=args.class_weights or target.class_weights,
        teacher=teacher,
        accumulate=args.accumulate,
        leave_out=check_pictures(dataset, data_dir, skip=args.skip_broken),
    )


if __name__ == "__main__":
    run_command(main, resumes=True)

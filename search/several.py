"""Several full trainings: of a whole front, with several seeds, side by side on the back ends of a search."""

import argparse
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any, ClassVar

from tqdm import tqdm

from results.retrained import agreement
from results.run_record import read_run
from results.words import counted, duration
from search.backends import BACKENDS
from search.interrupt import Interrupts
from search.loop import run_tasks
from search.messages.placement import placement_text
from search.messages.retrained_events import RetrainingEvents
from search.messages.retrained_text import caution_of, named, teacher_note
from search.messages.tensorboard import events_of
from search.retraining.retraining import Retraining
from search.retraining.run_report import refresh_report, run_of
from search.task import Evaluation, Failure, Task
from search.training import ranks
from search.training.devices import why_left_alone
from space import Architecture, InputError


@dataclass(frozen=True, kw_only=True)
class Retrainings:
    """What a back end calls: a task is the training of its number. Its accuracy is that on the test images.

    Args:
        each: the trainings.
        tensorboard: takes a folder of events of each; None for none.
    """

    each: tuple[Retraining, ...]
    tensorboard: Path | None = None

    memory_advice: ClassVar[str] = "use --accumulate 2 or 4, or fewer --workers, or under Ray more --gpus-per-trial"

    def __call__(self, task: Task) -> Evaluation:
        retraining = self.each[task.number]
        with events_of(retraining.folder, self.tensorboard) as write:
            summary = retraining.run(write)
        return Evaluation(
            accuracy=summary["test_top1"],
            epochs=summary["epochs"],
            seconds=summary["seconds"],
            scores={name: value for name, value in summary.items() if name.startswith("test_")},
        )


def retrainings_of(first: Retraining, architectures: Sequence[Architecture], seeds: int) -> tuple[Retraining, ...]:
    """A training of each network with each seed, all networks with the first seed before the next one.

    The first seed's folder is KEY, as that of a training alone, which therefore counts; the others' are KEY-seedN.

    Args:
        first: how each is trained, with the first seed, and where.
        architectures: the networks.
        seeds: how many, from the one of `first` on.
    """
    found = []
    for seed in range(first.seed, first.seed + seeds):
        for network in architectures:
            name = network.key if seed == first.seed else f"{network.key}-seed{seed}"
            found.append(replace(first, architecture=network, seed=seed, folder=first.folder.with_name(name)))
    return tuple(found)


def retrain_several(
    args: argparse.Namespace, first: Retraining, architectures: Sequence[Architecture], events: RetrainingEvents
) -> None:
    """Run those trainings that are not finished yet, show each, and say what they reached.

    Raises:
        InputError: a flag or a folder does not fit one of them, and none began; some failed; or another machine wrote
            files that are not seen here.
    """
    if ranks.ranks() > 1:
        raise InputError("torchrun trains one network with all its processes; start --all and --seeds without it")
    entry = BACKENDS[args.backend]
    entry.require(args)
    print(first.images.describe())
    each = retrainings_of(first, architectures, args.seeds)
    shape, device = first.architecture.input_shape, first.device
    if entry.shares and args.workers is None:
        args.workers = min(entry.shares(args, shape, device)[0], len(each))
    print(f"trainings run {placement_text(args, shape, device, why_left_alone(args.device, input_shape=shape))}")
    networks, seeds = counted(len(architectures), "network"), counted(args.seeds, "seed")
    print(f"{networks} with {seeds} each, into {each[0].folder.parent}")
    if note := teacher_note(first.recipe, first.teacher):
        print(note)
    for one in each[: len(architectures)] if first.recipe.teacher_maps else each[:1]:  # each network has its own maps
        one.check(first.images)
    for one in each:
        one.check_folder(first.images)
    events.begin(*each)
    reached: dict[str, list[dict[str, Any]]] = {network.key: [] for network in architectures}
    evaluator = Retrainings(each=each, tensorboard=args.tensorboard and args.tensorboard.absolute())
    failed = 0
    with (
        tqdm(total=len(each), unit="training", dynamic_ncols=True, smoothing=0, disable=args.quiet or None) as bar,
        Interrupts() as interrupts,
        closing(entry.make(evaluator, args, shape, device)) as backend,
    ):
        tasks = (Task(number=number, architecture=one.architecture) for number, one in enumerate(each))
        for task, outcome in run_tasks(backend, tasks, interrupts):
            one = each[task.number]
            events.training(one, outcome)
            bar.write(line_of(one, outcome))
            bar.update()
            if isinstance(outcome, Failure):
                failed += 1
                continue
            if not (one.folder / "summary.json").exists():
                raise InputError(f"{one.folder} is not seen here; put it on a disk that all machines share")
            reached[task.architecture.key].append({**outcome.scores, "metric": one.metric})
            refresh_report(one.folder)
    if averages := averages_text(reached, classes=len(first.images.classes)):
        print(averages)
    print(f"{agreement_text(each[0].folder)}{refresh_report(each[0].folder)}", end="", flush=True)
    if failed:
        raise InputError(f"{failed} of {len(each)} trainings failed; the reasons are above")


def line_of(retraining: Retraining, outcome: Evaluation | Failure) -> str:
    """How one training ended."""
    head = f"{retraining.architecture.key}  seed {retraining.seed}  "
    if isinstance(outcome, Failure):
        return f"{head}failed: {outcome.reason}"
    scores = {**outcome.scores, "metric": retraining.metric}
    described = retraining.architecture.describe()
    return f"{head}test {named(scores, 'test')}  {duration(outcome.seconds)}  {described}"


def averages_text(reached: dict[str, list[dict[str, Any]]], *, classes: int) -> str:
    """A line for each network: its mean on the test images, of several seeds their standard deviation, and any doubt.

    Args:
        reached: by key, the scores of each seed.
        classes: how many the networks tell apart.
    """
    lines = []
    for key, summaries in reached.items():
        if not summaries:
            continue
        names = [name for name, value in summaries[0].items() if isinstance(value, float)]
        means = {**summaries[0], **{name: mean(summary[name] for summary in summaries) for name in names}}
        line = f"{key}  test {named(means, 'test')}"
        if len(summaries) > 1:
            spread = stdev(summary["test_top1"] for summary in summaries)
            line += f" ± {spread:.2%} (mean and standard deviation of {len(summaries)} seeds)"
        lines.append(f"{line}, not shown to do better than guessing" if caution_of(means, classes) else line)
    return "\n".join(lines)


def agreement_text(folder: Path) -> str:
    """How far the search put its networks in the order of their tests; empty where there is none to compare."""
    with suppress(InputError, OSError):
        if (run := run_of(folder)) and (text := agreement(read_run(run).retrained.rows)):
            return f"{text}\n"
    return ""

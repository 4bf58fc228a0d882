"""Search a space for the networks with the best accuracy at each cost.

    python -m search.run --trials 200

To resume a search that was stopped, or to add trials, run the same command again: --trials is the total.
"""

import argparse
import shlex
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from search.backends import BACKENDS
from search.evaluators import EVALUATORS
from search.flags import (
    add_choice,
    add_training_flags,
    amount,
    duration,
    latency,
    positive_float,
    positive_int,
    refuse_flags_of_others,
)
from search.samplers import SAMPLERS
from space import InputError
from space.command import Parser, run_command, user_path
from space.device_profile import PROFILES
from space.family import backbone_names, family_names
from space.objective import OBJECTIVES

SHORT = 60.0
"""Seconds; shorter searches take as long as starting and compiling."""

if TYPE_CHECKING:
    from results.entry import Entry, Front
    from results.run_config import RunConfig
    from search.assemble import Assembled
    from search.opened import Search
    from space import SearchSpace


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    parser = Parser(prog="python -m search.run", description=__doc__)
    add_training_flags(parser)
    parser.set_defaults(dataset="digits", data_dir="data")
    parser.add_argument("--trials", type=positive_int, help="in total (default: the evaluator's own)")
    default = "the one for images of the data set, or for smaller ones on a slow CPU"
    parser.add_argument("--backbone", help=f"default: {default}; {', '.join(backbone_names())}")
    parser.add_argument("--image-size", type=positive_int, help="pixels of the side of an image; chooses the backbone")
    parser.add_argument("--channels", type=int, choices=(1, 3), help="1: grey, 3: colour (default: the data set's)")
    parser.add_argument(
        "--width", type=positive_float, help="factor on all channels (default: 1, or less on a slow CPU)"
    )
    families = ", ".join(family_names())
    parser.add_argument(
        "--space",
        default="mobinet",
        help=f"{families}, a .toml file that restricts one, or a .py file with one of your own (default: mobinet)",
    )
    parser.add_argument("--sampler", choices=SAMPLERS, help="default: the evaluator's own")
    costs = ", ".join(OBJECTIVES)
    parser.add_argument("--cost", choices=OBJECTIVES, metavar="COST", help=f"what is minimised: {costs} (default: ops)")
    for objective in OBJECTIVES.values():
        kind, form = positive_float, f"so many {objective.unit}, such as 2.5e6"
        if objective.name == "latency":
            kind, form = latency, "a latency, such as 5ms or, in instructions, 3e6"
        elif objective.unit == "B":
            kind, form = amount, f"so many {objective.title}, such as 64000, 64k or 64KiB"
        parser.add_argument(objective.flag, type=kind, help=f"train no network above {form}")
    parser.add_argument("--latency", type=user_path, help="table of latencies that python -m mobinet.latency wrote")
    parser.add_argument(
        "--device-profile",
        help=f"limits of a device: {', '.join(PROFILES)}, or a .toml file",
    )
    parser.add_argument(
        "--enqueue", type=user_path, help="train the networks of this file first: best.json, pareto.json or a list"
    )
    parser.add_argument(
        "--from",
        dest="from_run",
        type=user_path,
        metavar="RUN",
        help="train the front of this run first, where it fits, whatever its width, size or data set",
    )
    parser.add_argument("--time-limit", type=positive_float, help="seconds after which a trial fails (default: none)")
    parser.add_argument("--time-budget", type=duration, help="begin no trial after so long, such as 90m or 2h")
    parser.add_argument("--retry-failed", action="store_true", help="try the networks of failed trials again")
    parser.add_argument("--published", action="store_true", help="overlay published results in the report")
    parser.add_argument("--out", type=user_path, help="folder of the run (default: runs/DATASET)")
    add_choice(parser, "--evaluator", EVALUATORS, default="proxy")
    add_choice(parser, "--backend", BACKENDS, default="local")
    args = parser.parse_args(argv)
    evaluator = EVALUATORS[args.evaluator]
    if args.backbone and (args.image_size or args.channels):
        parser.error("--backbone says the size of the images already; leave out --image-size and --channels")
    refuse_flags_of_others(parser, args, "--evaluator", EVALUATORS, args.evaluator)
    refuse_flags_of_others(parser, args, "--backend", BACKENDS, args.backend)
    if complaint := BACKENDS[args.backend].complaint(args):
        parser.error(complaint)
    args.trials = args.trials or evaluator.trials
    args.sampler = args.sampler or evaluator.sampler
    args.fidelity = args.fidelity or "full"
    return args


def main() -> None:
    args = parse()
    from search.assemble import assemble  # which loads torch

    with closing(assemble(args)) as assembled:
        assembled.search.study.retry_failed(early=not args.retry_failed)
        print(begin_text(assembled, args), flush=True)
        run(args, assembled)


def begin_text(assembled: "Assembled", args: argparse.Namespace) -> str:
    """What is searched, on what, and how many of the trials there are already."""
    from search.progress import si

    search, trials = assembled.search, args.trials
    space, config = search.study.space, search.config
    size = f"{space.size:,}" if space.size < 1e9 else f"{space.size:.3g}"
    ends = search.cheapest, config.reference.cost
    cheapest, limit = (f"{si(price).strip()}{search.objective.unit}" for price in ends)
    channels, height, width = space.input_shape
    baselines, above = search.study.hand_designed()
    left_out = f", {above} above a limit are left out" if above else ""
    ignored = f"{search.study.ignored} trials of other programs are ignored\n" if search.study.ignored else ""
    only = "; so few trials train only those" if trials <= baselines else ""
    return (
        f"{space.family} on {space.backbone} at width {space.width:g}, images of {height} x {width} in "
        f"{'grey' if channels == 1 else 'colour'}\n"
        f"{size} networks of {cheapest} to {limit}; {baselines} designed by hand are trained first{left_out}{only}\n"
        f"{opened_text(space)}{enqueued_text(search)}{limits_text(config)}{config.measured_text}"
        f"{assembled.images}\n{assembled.place}\n{ignored}test images are kept for search.retrain\n"
        f"{search.study.ended} of {trials} trials so far{pace_text(assembled, args)}"
    )


def opened_text(space: "SearchSpace") -> str:
    """A line, where a file opens genes beyond the family's usual ones."""
    opened = [f"{kind} ({note})" if note else kind for kind, note in space.opened.items()]
    return f"genes opened: {', '.join(opened)}\n" if opened else ""


def limits_text(config: "RunConfig") -> str:
    """A line, where there are any."""
    limits = [f"{config.objective_named(name).show(limit)} of {name}" for name, limit in config.all_limits.items()]
    return f"none is trained above {' or '.join(limits)}\n" if limits else ""


def enqueued_text(search: "Search") -> str:
    """A line, where networks were given."""
    given = len(search.config.enqueued)
    left_out = f"; {given - search.enqueued} above a limit are left out" if given > search.enqueued else ""
    return f"before these, {search.enqueued} networks that were given{left_out}\n" if given else ""


def pace_text(assembled: "Assembled", args: argparse.Namespace) -> str:
    """How long the trials will take, a line each for that and for what was chosen."""
    from search.evaluators.pace import LIMIT
    from search.progress import duration

    search, pace = assembled.search, assembled.pace
    images, left = search.config.train_images, args.trials - search.study.ended
    if pace is None or left <= 0:
        return ""
    seconds = pace.search(images, left)
    side = f", {pace.slots} side by side" if pace.slots > 1 else ""
    text = (
        f"\nabout {duration(pace.trial(images))} a trial on the {search.config.device}{side}: "
        f"{duration(seconds)} for {left}"
    )
    if seconds < SHORT:
        text = "; the rest takes about a minute, more where kernels have to be compiled first"
    if pace.chosen:
        text += f"\nto save time, this search uses {pace.chosen}; give these flags for other values"
    if seconds > LIMIT and not args.time_budget:
        text += "\nto save more time, search a smaller network with --backbone or --width, or end with --time-budget"
    return text


def run(args: argparse.Namespace, assembled: "Assembled") -> None:
    """Run the trials, show each, and say how it ended."""
    from search.progress import Progress

    search = assembled.search
    search.prepare()
    study, reference = search.study, search.config.reference
    progress = Progress(
        study.table(),
        trials=args.trials,
        reference=(reference.accuracy, reference.cost),
        objective=search.objective,
        price=search.price,
        measure=search.config.measure,
    )
    try:
        late = search.run(
            trials=args.trials,
            backend=assembled.backend,
            on_trial=lambda _, task, outcome: progress.on_trial(task, outcome),
            on_note=progress.note,
            time_budget=args.time_budget,
            published=args.published,
        )
    except KeyboardInterrupt:
        where = f"; the tables and the report are in {search.folder}" if study.has_results() else ""
        print(f"{study.ended} of {args.trials} trials so far{where}")
        raise
    finally:
        with suppress(OSError):  # the terminal may be gone
            progress.close()
    if not len(study) and not late:
        raise InputError("no network was found within all limits; raise one of them")
    if not len(study):
        raise InputError("--time-budget ended the search before its first trial; give it more")
    found = search.found()
    if found is None:
        raise InputError(f"no trial succeeded; the reasons are in {search.folder}/trials.csv")
    if late and len(study) < args.trials:
        print(f"--time-budget ended the search at {len(study)} of {args.trials} trials; the same command resumes it")
    elif len(study) < args.trials:
        print(f"the space has no more networks within the budget: ended at {len(study)} trials")
    print(end_text(search, *found, skip_broken=args.skip_broken))


def end_text(search: "Search", front: "Front", best: "Entry", *, skip_broken: bool) -> str:
    """What was found, and what to do with it."""
    from search.progress import si

    smoothed = any(entry.expected not in (None, entry.reached) for entry in front.entries)
    kind, title, count = "expected " if smoothed else "", best.measure.title, len(front.entries)
    price = si(search.price(best.architecture)).strip()
    own = "".join(f" --{flag} {shlex.quote(path)}" for flag, path in search.config.files.items())
    return (
        f"front by {kind}{title}: {count} network{'s' if count > 1 else ''}, hypervolume {front.hypervolume:.4f}; "
        f"see {search.folder}/report.html\n"
        f"best.json: {best.key}, {kind}{title} {best.deciding:.1%} at {price}{search.objective.unit}; to train it "
        f"fully:\n"
        f"    python -m search.retrain {shlex.quote(str(search.folder / 'best.json'))}"
        f"{own}{' --skip-broken' if skip_broken else ''}"
    )


if __name__ == "__main__":
    run_command(main)

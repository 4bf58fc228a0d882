"""Search a space for the networks with the best accuracy at each cost.

    python -m search.run --trials 200

To resume a search that was stopped, or to add trials, run the same command again: --trials is the total.
"""

import argparse
from contextlib import closing, nullcontext, suppress
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
from search.messages.listeners import add_listener_flags, heard
from search.samplers import SAMPLERS
from space import InputError
from space.command import Parser, run_command, user_path
from space.device_profile import PROFILES
from space.family import backbone_names, family_names
from space.objective import OBJECTIVES

if TYPE_CHECKING:
    from search.assemble import Assembled
    from search.messages.events import Events
    from search.session import Search
    from search.task import Evaluation, Failure, Task


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    parser = Parser(prog="python -m search.run", description=__doc__)
    parser.add_argument("--trials", type=positive_int, help=f"in total (default: {defaults('trials')})")
    parser.add_argument("--out", type=user_path, help="folder of the run (default: runs/DATASET)")
    add_space_flags(parser.add_argument_group("what is searched"))
    add_cost_flags(parser.add_argument_group("costs and limits"))
    images = parser.add_argument_group("images and trainings")
    add_training_flags(images, cuda="all GPUs of this machine")
    images.set_defaults(dataset="digits", data_dir="data")
    add_choice(parser, "--evaluator", EVALUATORS, default="proxy")
    add_choice(parser, "--backend", BACKENDS, default="local")
    add_course_flags(parser.add_argument_group("how it runs, and what it tells"))
    args = parser.parse_args(argv)
    if args.watch and args.quiet:
        parser.error("--watch prints where the report is; leave out --quiet")
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


def defaults(field: str) -> str:
    """Those of the evaluators."""
    return ", ".join(f"{getattr(evaluator, field)} with --evaluator {name}" for name, evaluator in EVALUATORS.items())


def add_space_flags(group: argparse._ArgumentGroup) -> None:
    families = ", ".join(family_names())
    group.add_argument(
        "--space",
        default="mobinet",
        help=f"{families}, a .toml file that restricts one, or a .py file with one of your own (default: mobinet)",
    )
    sizes = "the one for images of the data set, or for smaller ones on a slow CPU"
    group.add_argument("--backbone", help=f"one of {', '.join(backbone_names())} (default: {sizes})")
    group.add_argument(
        "--image-size",
        type=positive_int,
        help="pixels of the side of an image, such as 96; chooses the backbone (default: the data set's)",
    )
    group.add_argument("--channels", type=int, choices=(1, 3), help="1: grey, 3: colour (default: the data set's)")
    group.add_argument(
        "--width",
        type=positive_float,
        help="factor on all channels, such as 0.25 (default: 1, or less on a slow CPU)",
    )
    group.add_argument("--sampler", choices=SAMPLERS, help=f"who proposes networks (default: {defaults('sampler')})")
    group.add_argument(
        "--enqueue",
        type=user_path,
        metavar="FILE",
        help="train its networks first: a best.json, pareto.json or a list (default: none)",
    )
    group.add_argument(
        "--from",
        dest="from_run",
        type=user_path,
        metavar="RUN",
        help="train the front of this run first, where it fits, whatever its width, size or data set (default: none)",
    )


def add_cost_flags(group: argparse._ArgumentGroup) -> None:
    costs = ", ".join(OBJECTIVES)
    group.add_argument("--cost", choices=OBJECTIVES, metavar="COST", help=f"what is minimised: {costs} (default: ops)")
    for objective in OBJECTIVES.values():
        noun = f" of {objective.noun}" if objective.noun else ""
        kind, form = positive_float, f"so many {objective.unit}{noun}, such as 2.5e6"
        if objective.name == "latency":
            kind, form = latency, "a latency, such as 5ms or, in instructions, 3e6"
        elif objective.unit == "B":
            kind, form = amount, f"so many {objective.title}, such as 64000, 64k or 64KiB"
        group.add_argument(objective.flag, type=kind, help=f"train no network above {form} (default: no limit)")
    group.add_argument(
        "--latency",
        type=user_path,
        metavar="CSV",
        help="table of latencies that mobinas latency wrote; --cost latency and --max-latency need it",
    )
    group.add_argument(
        "--device-profile",
        metavar="DEVICE",
        help=f"limits of a device: {', '.join(PROFILES)}, or a .toml file (default: none)",
    )


def add_course_flags(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--time-limit", type=positive_float, metavar="SECONDS", help="after which a trial fails (default: none)"
    )
    group.add_argument(
        "--time-budget",
        type=duration,
        metavar="TIME",
        help="begin no trial after so long, such as 90m or 2h (default: no limit)",
    )
    group.add_argument("--retry-failed", action="store_true", help="try the networks of failed trials again")
    group.add_argument("--published", action="store_true", help="overlay published results in the report")
    group.add_argument(
        "--watch",
        action="store_true",
        help="print an address that shows the report in a browser on this machine, renewed as trials end",
    )
    add_listener_flags(group)


def main() -> None:
    args = parse()
    from results.watch import watched
    from search.assemble import assemble
    from search.messages.announcement import begin_text  # which loads torch
    from search.messages.events import Events

    with heard(args) as programs, closing(assemble(args)) as assembled:
        events = Events(programs)
        events.begin(assembled, args.trials)
        print(begin_text(assembled, args), flush=True)
        folder = assembled.search.folder
        with watched(folder, published=args.published) if args.watch else nullcontext():
            run(args, assembled, events)


def run(args: argparse.Namespace, assembled: "Assembled", events: "Events") -> None:
    """Run the trials, show each, and say how it ended."""
    from search.messages.conclusion import end_text
    from search.messages.progress import Progress

    search = assembled.search
    search.prepare()
    study, reference = search.study, search.config.reference
    progress = Progress(
        study.table(),
        ended=study.ended,
        trials=args.trials,
        reference=(reference.accuracy, reference.cost),
        objective=search.objective,
        price=search.price,
        measure=search.config.measure,
        bar=not args.quiet,
    )

    def on_trial(search: "Search", task: "Task", outcome: "Evaluation | Failure") -> None:
        events.trial(search, task, outcome)
        progress.on_trial(task, outcome)

    try:
        late = search.run(
            trials=args.trials,
            backend=assembled.backend,
            on_trial=on_trial,
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
    if not study.ended:
        raise InputError("--time-budget ended the search before its first trial; give it more")
    trials = search.table()
    found = search.found(trials)
    if found is None:
        raise InputError(f"no trial succeeded; the reasons are in {search.folder}/trials.csv")
    if late and study.ended < args.trials:
        print(f"--time-budget ended the search at {study.ended} of {args.trials} trials; the same command resumes it")
    elif len(study) < args.trials:
        print(f"the space has no more networks within the budget: ended at {len(study)} trials")
    events.end(search, *found, skip_broken=args.skip_broken)
    print(end_text(search, trials, *found, skip_broken=args.skip_broken))


if __name__ == "__main__":
    run_command(main, resumes=True)

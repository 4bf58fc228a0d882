"""Flags of several retrainings at once: of a front, with several seeds, on a back end."""

import argparse

from search.backends import BACKENDS
from search.flags import add_choice, number, refuse_flags_of_others

MOST_SEEDS = 1000


def seeds(text: str) -> int:
    return int(number(text, int, f"a whole number from 1 to {MOST_SEEDS}", lambda value: 1 <= value <= MOST_SEEDS))


def add_several_flags(parser: argparse.ArgumentParser) -> None:
    """Add ``--all``, ``--seeds``, and the back ends with their flags."""
    parser.add_argument("--all", action="store_true", help="all networks of a pareto.json")
    parser.add_argument("--seeds", type=seeds, default=1, help="trainings of each network, from --seed on (default: 1)")
    add_choice(parser, "--backend", BACKENDS, default="local")
    parser.set_defaults(time_limit=None)


def check_several_flags(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """End with an error where flags do not go together."""
    if args.all and (args.key or not args.network.endswith(".json")):
        parser.error("--all goes with a pareto.json, without --key")
    given = [flag.name for entry in BACKENDS.values() for flag in entry.flags if flag.given(args)]
    if not trains_several(args) and (given or args.backend != "local"):
        parser.error(f"{(*given, '--backend')[0]} goes with --all or --seeds; one training is one process")
    refuse_flags_of_others(parser, args, "--backend", BACKENDS, args.backend)
    if complaint := BACKENDS[args.backend].complaint(args):
        parser.error(complaint)


def trains_several(args: argparse.Namespace) -> bool:
    """Whether the flags ask for more than one training."""
    return args.all or args.seeds > 1

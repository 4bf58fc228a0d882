"""Who reads what a command prints: people and, with ``--json``, programs."""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from typing import Any, TextIO


def add_listener_flags(group: argparse._ActionsContainer) -> None:
    """Add ``--json`` and ``--quiet``."""
    group.add_argument(
        "--json",
        action="store_true",
        help="for programs: a JSON object a line on stdout; what is for people goes to stderr",
    )
    group.add_argument("--quiet", action="store_true", help="print nothing for people but errors")


@contextmanager
def heard(args: argparse.Namespace) -> Iterator[TextIO | None]:
    """What is printed goes where people read: nowhere with --quiet, else to stderr with --json, which takes stdout.

    Yields the stream that programs read, if any.
    """
    with open(os.devnull, "w") as nowhere:
        people = nowhere if args.quiet else sys.stderr if args.json else sys.stdout
        programs = sys.stdout if args.json else None
        with redirect_stdout(people):
            yield programs


def write_event(stream: TextIO | None, event: str, fields: Mapping[str, Any]) -> None:
    """Write a line for programs, with its kind, `event`; to nowhere where there is no stream."""
    if stream is not None:
        print(json.dumps({"event": event, **fields}), file=stream, flush=True)

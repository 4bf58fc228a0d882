"""What all commands share: the parser, and the end, one line and exit code 2 where an input cannot be used."""

import argparse
import io
import os
import signal
import sys
import textwrap
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from space import InputError
from space.errors import printable
from space.family import load_family
from space.reading import expanded

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that ask a program to end."""
ECHO = 10.0
"""Seconds in which further signals change nothing: outputs are written, and ``timeout`` signals twice."""


class Help(argparse.RawDescriptionHelpFormatter):
    """Begins with what has to be given; all flags follow anyway."""

    def add_usage(
        self, usage: str | None, actions: Iterable[argparse.Action], groups: Any, prefix: str | None = None
    ) -> None:
        needed = [
            " ".join((*each.option_strings, each.dest.upper())) + (" ..." if each.nargs == "+" else "")
            for each in actions
            if each.required
        ]
        super().add_usage(" ".join(("%(prog)s", *needed, "[FLAGS]")), actions, groups, prefix)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        """Prose as wide as the terminal; examples, which are indented, as they stand."""
        filled = []
        for is_prose, part in groupby(text.splitlines(), lambda line: line[:1].strip() != ""):
            lines = list(part)
            filled += textwrap.wrap(" ".join(lines), min(width, 98)) if is_prose else lines
        return "\n".join(indent + line for line in filled)


class Parser(argparse.ArgumentParser):
    """Answers a wrong flag in one line, and goes by the name it was called by, as ``mobinas search``.

    Args:
        prog: how the command is called without the name ``mobinas``; by default the file that runs.
        description: the docstring of its module, with examples that begin with `prog`.
    """

    def __init__(self, *, prog: str | None = None, description: str | None) -> None:
        called = sys.argv[0] if sys.argv[0].startswith("mobinas ") else prog
        text = description.replace(prog, called) if description and prog and called else description
        super().__init__(prog=called, description=text, formatter_class=Help)

    def error(self, message: str) -> NoReturn:
        refuse(f"{message}; --help shows all flags")


def user_path(text: str) -> Path:
    """The type of every flag that takes a path: ``--out=~/run`` comes as it stands from most shells."""
    if not text:
        raise argparse.ArgumentTypeError("the path is empty")
    try:
        return expanded(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def add_own_family(parser: argparse.ArgumentParser) -> None:
    """The flag that names the file of a family of the user's own; the file is run where it is given."""

    def own(text: str) -> str:
        try:
            return load_family(text)
        except InputError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    parser.add_argument("--space", type=own, metavar="FILE", help="file of the networks' family, where it is your own")


def run_command(main: Callable[[], None], *, resumes: bool = False) -> None:
    """Call `main` and exit: 0 at its end, 2 on an input that cannot be used or an error of the disk, 130 on Ctrl-C.

    SIGTERM and SIGHUP, which batch systems, ``timeout`` and closed terminals send, are treated as Ctrl-C is; the exit
    code is 128 more than the signal's number.

    Args:
        main: the command.
        resumes: whether the same command, run again, takes up what a stopped one has done.
    """
    received, since = signal.SIGINT, -ECHO

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal received, since
        if time.monotonic() - since >= ECHO:
            received, since = signal.Signals(number), time.monotonic()
            raise KeyboardInterrupt

    for name in ("stdout", "stderr"):
        if (stream := getattr(sys, name)) is None:  # it was closed
            setattr(sys, name, open(os.devnull, "w"))
        elif isinstance(stream, io.TextIOWrapper):  # names of files may be of other encodings
            stream.reconfigure(errors="backslashreplace")
    usual = {number: signal.getsignal(number) for number in ENDING}
    heard = [number for number, handler in usual.items() if handler is not signal.SIG_IGN]  # nohup ignores SIGHUP
    try:
        for number in heard:
            signal.signal(number, interrupt)
        main()
    except InputError as error:
        refuse(str(error))
    except BrokenPipeError:  # who reads our output is gone, as with `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)
    except OSError as error:
        refuse(f"{error.strerror or error}" + (f": {error.filename}" if error.filename else ""))
    except KeyboardInterrupt:
        how = "; to resume, run the same command again" if resumes else ""
        complain(f"stopped{how}")
        sys.exit(128 + received)
    finally:
        for number in heard:
            signal.signal(number, usual[number])


def refuse(message: str) -> NoReturn:
    """End with one line and exit code 2."""
    complain(message)
    sys.exit(2)


def complain(message: str) -> None:
    """One line on stderr."""
    with suppress(OSError, ValueError):  # the terminal may be gone
        print(f"mobinas: {printable(message)}", file=sys.stderr)

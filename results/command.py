"""How every command ends: with one line and exit code 2 where an input cannot be used."""

import argparse
import sys
from collections.abc import Callable
from typing import NoReturn

from space import InputError


class Parser(argparse.ArgumentParser):
    """Answers a wrong flag in one line."""

    def error(self, message: str) -> NoReturn:
        sys.exit(_complain(f"{message}; --help shows all flags", 2))


def run_command(main: Callable[[], None]) -> None:
    """Call `main` and exit: 0 at its end, 2 on an input that cannot be used or an error of the disk, 130 on Ctrl-C."""
    try:
        main()
    except InputError as error:
        sys.exit(_complain(str(error), 2))
    except OSError as error:
        sys.exit(_complain(f"{error.strerror or error}" + (f": {error.filename}" if error.filename else ""), 2))
    except KeyboardInterrupt:
        sys.exit(_complain("stopped; to resume, run the same command again", 130))


def _complain(message: str, code: int) -> int:
    line = "".join(character if character.isprintable() else repr(character)[1:-1] for character in message)
    print(f"mobinas: {line}", file=sys.stderr)
    return code

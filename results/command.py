"""How every command ends: one clear line and exit code 2 for an input that cannot be used."""

import sys
from collections.abc import Callable

from space import InputError


def run_command(main: Callable[[], None]) -> None:
    """Call `main` and exit: 0 when it returns, 2 on what the user can mend or the disk refuses, 130 on Ctrl-C."""
    try:
        main()
    except InputError as error:
        sys.exit(_complain(str(error), 2))
    except OSError as error:
        sys.exit(_complain(f"{error.strerror or error}" + (f": {error.filename}" if error.filename else ""), 2))
    except KeyboardInterrupt:
        sys.exit(_complain("stopped; the same command goes on from here", 130))


def _complain(message: str, code: int) -> int:
    line = "".join(character if character.isprintable() else repr(character)[1:-1] for character in message)
    print(f"mobinas: {line}", file=sys.stderr)
    return code

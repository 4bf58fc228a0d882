"""What is told a user whose input cannot be used."""

from collections.abc import Sequence

LONGEST, SHOWN = 300, 5


class InputError(ValueError):
    """An input that cannot be used; the message says what is wrong and what to do."""


def printable(text: str) -> str:
    """The text with line breaks and the like as their codes."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


def listed(names: Sequence[str]) -> str:
    """The first `SHOWN` names, and how many more there are."""
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def first_line(error: BaseException) -> str:
    """The first line of an exception's text, cut to `LONGEST` characters, or its name where it has none."""
    line = next(iter(str(error).splitlines()), "") or type(error).__name__
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}..."

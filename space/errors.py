"""What is told a user whose input cannot be used."""

LONGEST = 300


class InputError(ValueError):
    """An input that cannot be used; the message says what is wrong and what to do."""


def printable(text: str) -> str:
    """The text with line breaks and the like as their codes."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


def first_line(error: BaseException) -> str:
    """The first line of an exception's text, cut to `LONGEST` characters, or its name where it has none."""
    line = next(iter(str(error).splitlines()), "") or type(error).__name__
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}..."

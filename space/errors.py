"""What is told a user whose input cannot be used."""


class InputError(ValueError):
    """An input that cannot be used; the message says what is wrong and what to do."""


def first_line(error: BaseException) -> str:
    """The first line of an exception's text, or its name where it has none."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__

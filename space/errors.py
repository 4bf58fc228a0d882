"""The one exception for what a user gave and can mend."""


class InputError(ValueError):
    """An input that cannot be used; the message says what is wrong and what to do."""

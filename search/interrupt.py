"""Ctrl-C at moments of our choice: between writes to the study, never within one."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Interrupts:
    """As a context, holds Ctrl-C back until `welcome`, where it raises KeyboardInterrupt as usual.

    Raised anywhere, it can be swallowed by a finalizer of the database or leave a statement open.
    """

    def __init__(self) -> None:
        self._pending = False
        self._welcome = False

    def __enter__(self) -> "Interrupts":
        self._usual = signal.getsignal(signal.SIGINT)
        if self._usual is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        signal.signal(signal.SIGINT, self._usual)
        if self._pending and kind is None:
            raise KeyboardInterrupt

    @contextmanager
    def welcome(self) -> Iterator[None]:
        """Here Ctrl-C takes effect at once, as does one from before."""
        self._welcome = True
        try:
            if self._pending:
                raise KeyboardInterrupt
            yield
        finally:
            self._welcome = False

    def _note(self, *_: Any) -> None:
        self._pending = True
        if self._welcome:
            raise KeyboardInterrupt


@contextmanager
def inherited_by_nobody() -> Iterator[None]:
    """Processes started here ignore Ctrl-C from their first instruction on."""
    usual = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)

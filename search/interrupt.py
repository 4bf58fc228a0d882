"""Ctrl-C and its like at moments of our choice: between writes to the study, never within one."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from space.command import ENDING

SWALLOWED = 0.5
"""Seconds after which a signal that had no effect is raised again."""


class Interrupts:
    """As a context, holds Ctrl-C, SIGTERM and SIGHUP back until `welcome`, where their usual handlers are called.

    An exception that they raise anywhere else can be swallowed by a finalizer of the database, or leave a statement
    open. In another thread than the main one, which alone hears signals, it holds nothing back.
    """

    def __init__(self) -> None:
        self._pending: signal.Signals | None = None
        self._welcome = False

    def __enter__(self) -> "Interrupts":
        handlers = {number: signal.getsignal(number) for number in ENDING if _hears_signals()}
        self._usual = {number: handler for number, handler in handlers.items() if callable(handler)}
        self._replaced = {number: signal.signal(number, self._note) for number in self._usual}
        if self._replaced:
            self._replaced[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._insist)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for number, handler in self._replaced.items():
            signal.signal(number, handler)
        if kind is None:
            self._handle()

    @contextmanager
    def welcome(self) -> Iterator[None]:
        """Here a signal takes effect at once, as does one from before."""
        self._welcome = True
        try:
            self._handle()
            yield
        finally:
            self._welcome = False
            if self._replaced:
                signal.setitimer(signal.ITIMER_REAL, 0)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._pending = signal.Signals(number)
        if self._welcome:
            signal.setitimer(signal.ITIMER_REAL, SWALLOWED)
            self._handle()

    def _insist(self, number: int, frame: FrameType | None) -> None:
        """A finalizer swallowed the exception, or it would have left `welcome`."""
        if self._welcome:
            signal.setitimer(signal.ITIMER_REAL, SWALLOWED)
            raise KeyboardInterrupt

    def _handle(self) -> None:
        if self._pending is not None:
            self._usual[self._pending](self._pending, None)


@contextmanager
def inherited_by_nobody() -> Iterator[None]:
    """Processes started here ignore Ctrl-C, SIGTERM and SIGHUP from their first instruction on."""
    if not _hears_signals():  # nor can it ignore them, but block them, which is inherited as well
        usual_mask = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, usual_mask)
        return
    usual = {number: signal.signal(number, signal.SIG_IGN) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)


def _hears_signals() -> bool:
    return threading.current_thread() is threading.main_thread()

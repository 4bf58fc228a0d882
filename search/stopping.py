"""How a thread that evaluates is asked to end: Python cannot end one from outside."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event

_here = threading.local()


class Stopped(BaseException):
    """This thread was asked to end. No failure of its trial, so that no ``except Exception`` takes it for one."""


@contextmanager
def until(asked: Event) -> Iterator[None]:
    """Within it this thread can be stopped: at its next `stop_if_asked` it leaves."""
    _here.asked = asked
    try:
        with suppress(Stopped):
            yield
    finally:
        del _here.asked


def stop_if_asked() -> None:
    """Called between two steps of whatever takes long. Raises Stopped where this thread was asked to end."""
    asked = getattr(_here, "asked", None)
    if asked is not None and asked.is_set():
        raise Stopped

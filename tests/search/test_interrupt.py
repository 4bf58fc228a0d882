"""Signals at moments of our choice."""

import signal
import time

import pytest

from search.interrupt import Interrupts


def test_a_signal_waits_until_it_is_welcome():
    with pytest.raises(KeyboardInterrupt), Interrupts() as interrupts:
        signal.raise_signal(signal.SIGINT)
        written = True
        with interrupts.welcome():
            written = False
    assert written


def test_a_signal_that_came_last_takes_effect_at_the_end():
    with pytest.raises(KeyboardInterrupt), Interrupts():
        signal.raise_signal(signal.SIGINT)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_signal_that_a_finalizer_swallows_is_raised_again():
    class Mortal:
        def __del__(self):
            signal.raise_signal(signal.SIGINT)

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt), Interrupts() as interrupts, interrupts.welcome():
        mortal = Mortal()
        del mortal
        time.sleep(20)
    assert time.monotonic() - began < 10
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)

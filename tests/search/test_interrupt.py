"""Signals at moments of our choice."""

import signal
import time
from threading import Thread

import pytest

from search.interrupt import Interrupts, inherited_by_nobody
from space.command import ENDING


@pytest.fixture(params=ENDING)
def number(request):
    """As in a command, where each of them raises what Ctrl-C does."""
    usual = signal.signal(request.param, signal.default_int_handler)
    yield request.param
    signal.signal(request.param, usual)


def test_a_signal_waits_until_it_is_welcome(number):
    with pytest.raises(KeyboardInterrupt), Interrupts() as interrupts:
        signal.raise_signal(number)
        written = True
        with interrupts.welcome():
            written = False
    assert written


def test_a_signal_that_came_last_takes_effect_at_the_end(number):
    with pytest.raises(KeyboardInterrupt), Interrupts():
        signal.raise_signal(number)


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


def test_another_thread_holds_nothing_back_and_its_processes_hear_nothing():
    found = []

    def work():
        with Interrupts() as interrupts, interrupts.welcome():
            found.append(signal.getsignal(signal.SIGINT))
        with inherited_by_nobody():
            found.append(signal.pthread_sigmask(signal.SIG_BLOCK, ()))
        found.append(signal.pthread_sigmask(signal.SIG_BLOCK, ()))

    usual = signal.getsignal(signal.SIGINT)
    thread = Thread(target=work)
    thread.start()
    thread.join()
    assert found == [usual, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}, set()]

"""Beside this file lie the stand-ins that tests of several packages import: `fakes`, `faults`."""

import gc
import multiprocessing
import os
import signal
from importlib import import_module

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
"""Small operators beside other processes of the suite: more threads only wait for each other. Read as torch loads."""

for ignored in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(ignored) == signal.SIG_IGN:  # as in the background, or under nohup
        signal.signal(ignored, lambda *_: None)  # still; but what the tests start hears it, as from a terminal

LONGEST = (
    *("test_c", "test_commands", "test_run", "test_ray_tune", "test_ranks", "test_study", "test_in_browser"),
    *("test_costs", "test_fresh", "test_latency", "test_killed", "test_on_simulated_device", "test_extend"),
    *("test_cuda", "test_on_fake_cuda", "test_retraining", "test_front", "test_one_shot", "test_retrain", "test_zoo"),
)
"""Files of tests; the first takes the longest."""


def pytest_collection_modifyitems(items):
    """The longest first, so that no process ends with one while the others have nothing left."""
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))


@pytest.fixture(scope="session", autouse=True)
def at_rest():
    """Collections of garbage pass over what was loaded."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def no_sync():
    """Let SQLite leave it to the system when to write; this process does not crash."""

    sqlalchemy = import_module("sqlalchemy")

    def connected(connection, _):
        connection.execute("PRAGMA synchronous = OFF")

    sqlalchemy.event.listen(sqlalchemy.Engine, "connect", connected)
    yield
    sqlalchemy.event.remove(sqlalchemy.Engine, "connect", connected)


@pytest.fixture
def forked(monkeypatch):
    """Processes of a pool or of a search are forked, so that none has to load torch again."""
    monkeypatch.setitem(multiprocessing.context._concrete_contexts, "spawn", multiprocessing.get_context("fork"))


@pytest.fixture(scope="session", autouse=True)
def quickly_compiled():
    """C that Python loads is not optimised here, but where a test takes `compiled_as_for_users`."""
    module = import_module("mobinet.export.c.compiled")
    library = module._library
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_library", lambda folder, flags: library(folder, f"{flags} -O0"))
        yield library


@pytest.fixture
def compiled_as_for_users(quickly_compiled, monkeypatch):
    """C that Python loads is optimised, as everywhere but in tests."""
    monkeypatch.setattr("mobinet.export.c.compiled._library", quickly_compiled)

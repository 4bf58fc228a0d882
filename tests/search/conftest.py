"""Fixtures of the search tests."""

import gc
import os
import shutil
import signal
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import optuna
import pytest
from fakes import made_up

import search.run
from search.data.dataset import load_dataset
from search.evaluators.proxy import Proxy
from space.command import run_command

ROOT = Path(__file__).parents[2]
Ended = namedtuple("Ended", "code out err")


@pytest.fixture(scope="session", autouse=True)
def quiet():
    """Optuna says nothing."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)


@pytest.fixture(scope="session", autouse=True)
def ctrl_c():
    """As in a terminal, even where the suite runs in the background and inherits a deaf ear."""
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, usual)


@pytest.fixture(scope="session")
def digits():
    return load_dataset("digits", data_dir="data", input_shape=(1, 8, 8), validation=0.4)


@pytest.fixture(scope="session")
def start():
    """Start a command in a process group of its own, and end the group with the tests."""
    started = []

    def start(module, *args, cwd, cores=None):
        env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", module, *map(str, args)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(command, cwd=cwd, env=env, start_new_session=True, **pipes))
        if cores:
            os.sched_setaffinity(started[-1].pid, sorted(os.sched_getaffinity(0))[:cores])
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, 9)
            process.wait()


@pytest.fixture
def invoke(monkeypatch, capsys):
    """Run a command's `main` here, as `python -m` would."""

    def call(module, *args):
        monkeypatch.setattr(sys, "argv", [module.__name__, *map(str, args)])
        if any((Path(arg) / ".lock").exists() for arg in args if isinstance(arg, Path)):
            gc.collect()  # an earlier command may still hold the run
        capsys.readouterr()
        code = 0
        try:
            run_command(module.main)
        except SystemExit as end:
            code = end.code
        return Ended(code, *capsys.readouterr())

    return call


@pytest.fixture(scope="session")
def finished(tmp_path_factory, start):
    """The folder of a search of 17 trials that has ended, not to be changed, and how it ended."""
    folder = tmp_path_factory.mktemp("finished")
    process = start("search.run", "--trials", 17, "--epochs", 1, "--workers", 2, "--out", "run", cwd=folder)
    out, err = process.communicate(timeout=900)
    return folder / "run", Ended(process.returncode, out, err)


@pytest.fixture
def run_copy(finished, tmp_path):
    """A copy of that folder."""
    return shutil.copytree(finished[0], tmp_path / "run")


@pytest.fixture
def instant(monkeypatch):
    """Searches in this process take no time."""
    monkeypatch.setattr(Proxy, "__call__", made_up)


@pytest.fixture(scope="session")
def judged(tmp_path_factory):
    """The folder of a search of 17 trials whose accuracies are made up, not to be changed."""
    folder = tmp_path_factory.mktemp("judged") / "run"
    flags = "--trials", 17, "--epochs", 1, "--workers", 0, "--out", folder
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Proxy, "__call__", made_up)
        patch.setattr(sys, "argv", ["search.run", *map(str, flags)])
        search.run.main()
    return folder


@pytest.fixture
def judged_copy(judged, tmp_path):
    """A copy of that folder."""
    return shutil.copytree(judged, tmp_path / "run")

"""The Ray backend: Ray Tune runs the evaluations, on this machine or on a cluster.

Ray ends a process that has lost its cluster, and prints what it likes. So a process of its own talks to Ray
(`search.backends.ray_tune.process`), this one talks to that one, and Ray is not imported here.
"""

import argparse
import importlib.util
import math
import os
import pickle
import re
import socket
import subprocess
import sys
from contextlib import suppress
from multiprocessing import Pipe
from tempfile import TemporaryDirectory
from typing import Any

from search.backends.backend import Backend, BackendEntry
from search.backends.ray_tune.process import WAITING
from search.flags import Flag, positive_float, positive_int
from search.interrupt import inherited_by_nobody
from search.machine import cores, useful_threads
from search.task import Evaluation, Evaluator, Failure, Task
from space import InputError
from space.errors import first_line
from space.image_sizes import Shape
from space.own_file import own_files

KNOCK_SECONDS = 5
START_SECONDS = 120
STOP_SECONDS = 20
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "inf",  # the study is the driver's
    "TUNE_MAX_PENDING_TRIALS_PG": "1000000",  # start all workers at once
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
}


class RayBackend:
    """Runs each task in one of as many workers as the cluster has room for.

    A worker that dies, alone or with its machine, costs its task a retry.

    Args:
        evaluator: sent once to the cluster.
        address: HOST:PORT of a running cluster, or ``"auto"`` for the one this machine belongs to; None starts one
            that ends with this backend.
        cpus, gpus: what a worker takes of its machine; several share a GPU where each takes a fraction.
        threads: of each worker.
        time_limit: seconds after which a task fails.

    Raises:
        InputError: the cluster cannot be used, or no machine of it has room for a worker.
    """

    in_process = False

    def __init__(
        self,
        evaluator: Evaluator,
        *,
        address: str | None,
        cpus: int,
        gpus: float,
        threads: int,
        time_limit: float = math.inf,
    ) -> None:
        self._cluster = f"the Ray cluster at {address}" if address else "the local Ray"
        self._folder = TemporaryDirectory(prefix="mobinas-")
        self._pipe, far = Pipe()
        with inherited_by_nobody():
            self._process = subprocess.Popen(
                [sys.executable, "-m", "search.backends.ray_tune.process", str(far.fileno())],
                pass_fds=[far.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **ENVIRONMENT, "PYTHONPATH": os.pathsep.join(sys.path)},
            )
        far.close()
        settings = dict(
            address=address,
            cores=cores(),
            cpus=cpus,
            gpus=gpus,
            threads=threads,
            time_limit=time_limit,
            evaluator=pickle.dumps((own_files(), evaluator)),
            folder=self._folder.name,
        )
        try:
            self._send(pickle.dumps(settings))
            if not self._pipe.poll(START_SECONDS):
                raise InputError(f"{self._cluster} does not answer")
            self.slots = self._receive()
            if not self.slots:
                raise InputError(f"no machine of {self._cluster} has room for a trial of {cpus} CPU and {gpus:g} GPU")
        except BaseException:
            self.close()
            raise

    def submit(self, task: Task) -> None:
        self._send(pickle.dumps(task))

    def wait(self) -> tuple[Task, Evaluation | Failure]:
        """Raises InputError: the cluster is lost. What is under way there belongs to the next process."""
        self._send(WAITING)
        self.slots, task, outcome = self._receive()
        return pickle.loads(task), Failure(reason=outcome) if isinstance(outcome, str) else pickle.loads(outcome)

    def close(self) -> None:
        self._pipe.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()

    def _send(self, message: bytes) -> None:
        with suppress(OSError):  # `_receive` says so
            self._pipe.send_bytes(message)

    def _receive(self) -> Any:
        try:
            message = self._pipe.recv()
        except (EOFError, OSError):
            raise InputError(f"{self._cluster} is lost; to resume, run the same command again") from None
        if isinstance(message, str):
            raise InputError(f"{self._cluster} cannot be used: {message}")
        return message


def _require(args: argparse.Namespace) -> None:
    """Raises InputError: Ray is not installed, or nothing answers at ``--address``."""
    address = args.address
    if importlib.util.find_spec("ray") is None:
        raise InputError("--backend ray needs Ray Tune: pip install 'ray[tune]'")
    if address not in (None, "auto"):
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=KNOCK_SECONDS).close()
        except (OSError, OverflowError) as error:
            raise InputError(f"no Ray cluster answers at {address}: {first_line(error)}") from None


def _complaint(args: argparse.Namespace) -> str:
    if args.device not in (None, "cpu", "cuda"):
        return "--backend ray takes --device cpu or cuda, and chooses which"
    if args.address and not re.fullmatch(r"auto|[^/]+:\d+", args.address):
        return "--address is auto or HOST:PORT; run the search on one of the cluster's machines"
    if args.gpus_per_trial and args.gpus_per_trial > 1 and args.gpus_per_trial % 1:
        return "--gpus-per-trial is a whole number, or below 1"
    return ""


def _make(evaluator: Evaluator, args: argparse.Namespace, input_shape: Shape, device: str) -> Backend:
    """On the cluster asked for; by default a worker takes one CPU, and a GPU if it computes there."""
    cpus = args.cpus_per_trial or 1
    return RayBackend(
        evaluator,
        address=args.address,
        cpus=cpus,
        gpus=args.gpus_per_trial or float(device == "cuda"),
        threads=useful_threads(input_shape, cpus),
        time_limit=args.time_limit or math.inf,
    )


RAY_TUNE = BackendEntry(
    summary="Ray Tune, on this machine or a cluster",
    flags=(
        Flag(
            name="--address",
            settings={"help": "HOST:PORT of a running cluster, or auto (default: a Ray for this run alone)"},
        ),
        Flag(name="--cpus-per-trial", settings={"type": positive_int, "help": "cores of each trial (default: 1)"}),
        Flag(
            name="--gpus-per-trial",
            settings={
                "type": positive_float,
                "help": "at 0.5 or 0.25 several trials share a GPU (default: 1 on CUDA, else none)",
            },
        ),
    ),
    complaint=_complaint,
    require=_require,
    make=_make,
    elsewhere=True,
)

"""A search's tasks as trials of Ray Tune.

Proposals, halving and the study stay the driver's. A searcher hands Tune what the driver sends, and each trial is one
step of a worker that goes on to the next. Tasks and outcomes pass through here as pickles, so that only the workers
load torch.
"""

import math
import os
import pickle
import sys
from collections import Counter, deque
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.tune.experiment import Trial
from ray.tune.search import Searcher

from search.backends.ray_tune.process import WAITING
from search.task import Failure

LOSSES = 3
"""So many workers a task may cost."""


def serve(
    pipe: Connection,
    *,
    address: str | None,
    cores: int,
    cpus: int,
    gpus: float,
    threads: int,
    time_limit: float,
    evaluator: bytes,
    folder: str,
) -> None:
    """Run the tasks that come through `pipe` until it is closed there.

    Args:
        address, cpus, gpus, threads, time_limit: see `search.backends.ray_tune.backend.RayBackend`.
        cores: of a local Ray.
        evaluator: pickled, behind the user's own files.
        folder: for what Tune writes.
    """
    place = {"address": address} if address else {"address": "local", "num_cpus": cores}
    ray.init(**place, include_dashboard=False, log_to_driver=False)
    driver = Driver(pipe, cpus=cpus, gpus=gpus)
    pipe.send(driver.slots())
    worker = tune.with_parameters(Worker, evaluator=evaluator, threads=threads, time_limit=time_limit)
    tune.Tuner(
        tune.with_resources(worker, {"cpu": cpus, "gpu": gpus}),
        tune_config=tune.TuneConfig(
            search_alg=Tasks(driver),
            num_samples=-1,
            reuse_actors=True,
            trial_dirname_creator=lambda trial: trial.trial_id,
        ),
        run_config=tune.RunConfig(
            storage_path=folder,
            verbose=0,
            callbacks=[Outcomes(driver)],
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
        ),
    ).fit()


class Driver:
    """The driver, as seen from here.

    Tune is held until the driver waits. So the task that follows an outcome is there when Tune looks for one; it would
    otherwise sleep for a second, or end the worker that has become free.
    """

    def __init__(self, pipe: Connection, *, cpus: int, gpus: float) -> None:
        self._pipe = pipe
        self._cpus, self._gpus = cpus, gpus
        self._waits = False
        self._again: deque[bytes] = deque()
        self._losses: Counter[bytes] = Counter()

    def __getstate__(self) -> dict[str, Any]:
        """Tune writes down what it would resume from; the study is the driver's."""
        return {}

    def slots(self) -> int:
        """How many trials the cluster holds now."""
        machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        return sum(fit(resources, cpus=self._cpus, gpus=self._gpus) for resources in machines)

    def next_task(self) -> bytes | None:
        """The next one for Tune; None if there is none for now. Ends this process where the driver has closed."""
        if self._again:
            return self._again.popleft()
        try:
            while not self._waits or self._pipe.poll():  # which is true of a closed pipe, too
                message = self._pipe.recv_bytes()
                if message != WAITING:
                    return message
                self._waits = True
        except (EOFError, OSError):
            sys.exit()
        return None

    def tell(self, task: bytes, outcome: bytes | str) -> None:
        """Pass on a pickled outcome, or why there is none."""
        with suppress(OSError):  # `next_task` ends it
            self._pipe.send((max(1, self.slots()), task, outcome))
        self._waits = False

    def lose(self, task: bytes, reason: str) -> None:
        """A worker has died of a task, or with one."""
        self._losses[task] += 1
        if self._losses[task] < LOSSES:
            self._again.append(task)
        else:
            self.tell(task, f"its worker was lost {LOSSES} times: {reason}")


def fit(resources: dict[str, float], *, cpus: int, gpus: float) -> int:
    """How many trials a machine with these resources holds. A fraction of a GPU is of one GPU."""
    trials = int(resources.get("CPU", 0) // cpus)
    if gpus:
        there = int(resources.get("GPU", 0))
        trials = min(trials, there * int(1 / gpus) if gpus < 1 else int(there // gpus))
    return trials


class Worker(tune.Trainable):
    """Evaluates one task a trial; with a time limit in a process of its own, which can be stopped."""

    def setup(self, config: dict[str, Any], *, evaluator: bytes, threads: int, time_limit: float) -> None:
        from search.backends.local import InProcess, Workers
        from search.machine import use_threads

        use_threads(threads)
        self._spoiled = False
        _, found = pickle.loads(evaluator)  # the user's own files come first, and are run
        if time_limit == math.inf:
            self._backend = InProcess(found)
        else:
            self._backend = Workers(found, workers=1, threads=threads, time_limit=time_limit)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        if self._spoiled:
            os._exit(1)  # the task comes again to another worker
        return True

    def step(self) -> dict[str, Any]:
        self._backend.submit(pickle.loads(self.config["task"]))
        _, outcome = self._backend.wait()
        self._spoiled = self._backend.in_process and isinstance(outcome, Failure) and outcome.spoiled
        return {"outcome": pickle.dumps(outcome), "done": True}

    def cleanup(self) -> None:
        self._backend.close()


class Tasks(Searcher):
    """Gives Tune the driver's tasks.

    A task whose worker is lost comes again as another trial: Tune's own retries overlook a worker that dies at rest.
    """

    def __init__(self, driver: Driver) -> None:
        super().__init__()
        self._driver = driver

    def suggest(self, trial_id: str) -> dict[str, Any] | None:
        task = self._driver.next_task()
        return None if task is None else {"task": task}

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        pass  # `Outcomes` sees more of a trial


class Outcomes(tune.Callback):
    """Takes what Tune's trials end with."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def on_trial_complete(self, *, trial: Trial, **_: Any) -> None:
        self._driver.tell(trial.config["task"], trial.last_result["outcome"])

    def on_trial_error(self, *, trial: Trial, **_: Any) -> None:
        text = Path(trial.error_file).read_text(encoding="utf-8", errors="replace").strip()
        self._driver.lose(trial.config["task"], text.splitlines()[-1].partition(". ")[0])

"""A search in one call, for scripts and notebooks: its parts go in as objects, and it comes back with its study."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Lock

import optuna
import torch

from search import machine
from search.backends.local import InProcess
from search.data.catalog import dataset_called, find_dataset
from search.data.checking import check_pictures
from search.data.dataset import load_dataset
from search.evaluators.proxy import Proxy
from search.limits import Limits
from search.opening import open_search
from search.session import MakeBackend, OnTrial, Search, ignore
from search.task import Evaluator
from search.training.devices import find_device
from space import Architecture, InputError, SearchSpace
from space.image_sizes import Shape
from space.objective import OBJECTIVES, Objective


def run_study(
    folder: str | Path,
    *,
    space: SearchSpace,
    evaluator: Evaluator,
    trials: int,
    cost: Objective = OBJECTIVES["ops"],
    limits: Limits = (),
    num_classes: int | None = None,
    sampler: str = "front",
    enqueue: Sequence[Architecture] = (),
    backend: MakeBackend = InProcess,
    on_trial: OnTrial = ignore,
    time_budget: float | None = None,
) -> Search:
    """Search, or resume the search in `folder`, until it has `trials` trials in total.

    It can be called again and again, and in any thread, as long as each search has a folder of its own.

    Args:
        folder: of the run; it gets the files that the command writes.
        space, evaluator, cost, limits, num_classes, sampler, enqueue: see `open_search`.
        trials: in total.
        backend: what runs the evaluations, from the evaluator: by default one after the other, in this process.
        on_trial: called after each trial.
        time_budget: seconds after which no trial begins.

    Returns:
        The search, closed: its `study`, `table`, `front`, `best` and `figure` remain.

    Raises:
        InputError: the parts do not fit each other or the run in the folder, or the first trials all failed.
    """
    load_dataset.cache_clear()  # pictures may have changed since an earlier search of this process
    with _settled(space.input_shape):
        opened = open_search(
            Path(folder),
            space=space,
            evaluator=evaluator,
            cost=cost,
            limits=limits,
            num_classes=num_classes,
            sampler=sampler,
            enqueue=enqueue,
        )
        with closing(opened) as search:
            search.prepare()
            search.run(trials=trials, backend=backend, on_trial=on_trial, time_budget=time_budget)
    return search


_settling = Lock()
_running = 0
"""Searches of this library in this process."""
_usual: tuple[int, int | None, int] = 0, None, 1
"""What the first of them found: Optuna's verbosity, the threads of trainings and those of torch."""


@contextmanager
def _settled(input_shape: Shape) -> Iterator[None]:
    """Trainings in this process take as many threads as are useful, Optuna is quiet; afterwards all is as it was."""
    global _running, _usual
    with _settling:
        if not _running:
            _usual = optuna.logging.get_verbosity(), machine.threads(), torch.get_num_threads()
        _running += 1
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        machine.use_threads(machine.useful_threads(input_shape, machine.cores()))
        torch.set_num_threads(1)  # of what is not a training
    try:
        yield
    finally:
        with _settling:
            _running -= 1
            if not _running:
                verbosity, ours, torchs = _usual
                torch.set_num_threads(torchs)
                machine.use_threads(ours)
                optuna.logging.set_verbosity(verbosity)


def proxy(
    dataset: str = "digits",
    *,
    data_dir: str = "data",
    epochs: int | None = None,
    images: int | None = None,
    seed: int = 0,
    device: str | None = None,
) -> Proxy:
    """The evaluator that trains each network briefly, with the data set's own recipe, as the command does.

    Args:
        dataset, data_dir: which images, by name or by a file of your own, and where they are.
        epochs: of each training; None for the data set's own.
        images: how many to train on; None for all.
        seed: of everything that is drawn, in the study as well.
        device: such as ``"cpu"`` or ``"cuda"``; None for a GPU, if there is one.

    Raises:
        InputError: the images or the device cannot be used, or a number is not above 0.
    """
    for name, number in (("epochs", epochs), ("images", images)):
        if number is not None and number < 1:
            raise InputError(f"{name} is {number}; it must be above 0")
    dataset = dataset_called(dataset)
    entry = find_dataset(dataset)
    recipe = entry.recipes["proxy"]
    return Proxy(
        dataset=dataset,
        data_dir=data_dir,
        validation=entry.validation,
        recipe=replace(recipe, epochs=epochs or recipe.epochs),
        seed=seed,
        device=find_device(device, input_shape=entry.input_shape),
        leave_out=check_pictures(dataset, data_dir, skip=False),
        proxy_images=images,
    )

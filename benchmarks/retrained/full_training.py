"""Networks trained from scratch on the full schedule, side by side, and the table that holds what they reached."""

import csv
import io
import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats

from results.measures import accuracy
from search.backends.backend import Backend
from search.backends.local import Workers
from search.backends.streams import Streams
from search.data.dataset import DataSet, load_dataset, load_test
from search.data.split import Split
from search.interrupt import Interrupts
from search.loop import run_tasks
from search.recipe import Recipe
from search.retraining.retraining import VALIDATION
from search.task import Evaluation, Failure, Task
from search.training.judging import judge
from search.training.seeds import seeded_build, training_seed
from search.training.teacher_files import digest_of, load_teacher
from search.training.training import Training
from space import Architecture, InputError
from space.writing import write_atomic

COLUMNS = ("key", "network", "seed", "accuracy", "seconds", "training", "architecture")

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class FullTraining:
    """An evaluator: each network is trained by `recipe`, and judged after the last epoch.

    Args:
        dataset, data_dir: which images, and where.
        input_shape: (C, H, W) of the networks.
        recipe: of the training.
        device: such as ``"cpu"`` or ``"cuda"``.
        images: train on the first so many images; None trains on all.
        validate: judge on held-out training images instead of the test images.
        teacher: what they learn from, see `search.training.teacher_files`; empty for the labels alone.
    """

    dataset: str
    data_dir: str
    input_shape: tuple[int, int, int]
    recipe: Recipe
    device: str
    images: int | None = None
    validate: bool = False
    teacher: str = ""

    def __call__(self, task: Task) -> Evaluation:
        began = time.perf_counter()
        training = self.begin(task)
        while training.epoch < self.recipe.epochs:
            training.run_epoch()
        counts = judge(training.kept, self._held_out, classes=len(self._data.classes), device=training.device)
        return Evaluation(accuracy=accuracy(counts), epochs=training.epoch, seconds=time.perf_counter() - began)

    def begin(self, task: Task) -> Training:
        """The training of a network before its first epoch."""
        device, seed = torch.device(self.device), training_seed(task.replicate, task.architecture)
        net = seeded_build(task.architecture, len(self._data.classes), seed)
        teacher = None
        if self.teacher:
            teacher = load_teacher(self.teacher, self._data.classes, self._train.preparation, device)
        return Training(net, self._train, recipe=self.recipe, seed=seed, device=device, teacher=teacher)

    @property
    def described(self) -> str:
        """All that decides what a network reaches under a seed, in words."""
        judged = "validation" if self.validate else "test"
        taught = f", teacher {digest_of(self.teacher)}" if self.teacher else ""
        settings = self.recipe.recorded().items()
        recipe = ", ".join(f"{name} {v:g}" if isinstance(v, float | int) else f"{name} {v}" for name, v in settings)
        return f"{self.dataset}, {self.images or 'all'} images, judged on {judged} images, {recipe}{taught}"

    @property
    def _data(self) -> DataSet:
        return load_dataset(self.dataset, data_dir=self.data_dir, input_shape=self.input_shape, validation=VALIDATION)

    @cached_property
    def _train(self) -> Split:
        return self._data.train.first(self.images)

    @cached_property
    def _held_out(self) -> Split:
        if self.validate:
            return self._data.validation
        return load_test(self.dataset, data_dir=self.data_dir, dataset=self._data)

    def run(self, tasks: Iterable[Task], workers: int) -> Iterator[tuple[Task, Evaluation]]:
        """Each training as it ends; one that fails is printed and left out."""
        if self.device.startswith("cuda"):
            _ = self._train, self._held_out  # loaded once, for all threads
            backend: Backend = Streams(self, device=self.device, count=workers)
        else:
            backend = Workers(self, workers=workers, threads=1)
        try:
            with Interrupts() as interrupts:
                for task, outcome in run_tasks(backend, iter(tasks), interrupts):
                    if isinstance(outcome, Failure):
                        print(f"{task.architecture.describe()}: {outcome.reason}", file=sys.stderr)
                    else:
                        yield task, outcome
        finally:
            backend.close()

    def accuracies(
        self, networks: Sequence[Architecture], *, seeds: int, workers: int, table: Path | None, first_seed: int = 0
    ) -> Array:
        """Top-1 accuracy of each network under each seed, (seeds, n).

        Args:
            networks: all with the same input shape.
            seeds: trainings of each.
            first_seed: of the first of them; the next ones follow it.
            workers: trainings side by side: processes of one thread, or streams of a GPU.
            table: a CSV file with one row a training, written as it ends; what it holds is not trained again.

        Raises:
            InputError: a training failed, or `table` holds something else.
        """
        replicates = range(first_seed, first_seed + seeds)
        found = read_table(table, self.described) if table else {}
        left = (
            Task(number=number, architecture=network, replicate=seed)
            for seed in replicates
            for number, network in enumerate(networks)
            if (network.key, seed) not in found
        )
        for task, evaluation in self.run(left, workers):
            found[task.architecture.key, task.replicate] = evaluation.accuracy
            if table:
                append(table, task, evaluation, self.described)
        if any((network.key, seed) not in found for network in networks for seed in replicates):
            raise InputError("some trainings failed; run the same command again")
        return np.array([[found[network.key, seed] for network in networks] for seed in replicates])


def read_table(path: Path, training: str) -> dict[tuple[str, int], float]:
    """By key and seed, the accuracies of the trainings in a table; none where there is no such file.

    A last line that was not written to its end is removed.

    Args:
        path: a CSV file.
        training: as `FullTraining.described` has it; rows of others are passed over.

    Raises:
        InputError: the file is no such table.
    """
    if not path.exists():
        return {}
    text = path.read_text()
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        write_atomic(path, whole)
    rows = csv.DictReader(io.StringIO(whole))
    try:
        return {(r["key"], int(r["seed"])): float(r["accuracy"]) for r in rows if r["training"] == training}
    except (KeyError, TypeError, ValueError):
        raise InputError(f"{path} is not a table of trainings; give --table another file") from None


def append(path: Path, task: Task, evaluation: Evaluation, training: str) -> None:
    network, new = task.architecture, not path.exists() or not path.stat().st_size
    values = (
        *(network.key, network.describe(), task.replicate, evaluation.accuracy, round(evaluation.seconds, 1)),
        *(training, json.dumps(network.to_dict())),
    )
    with open(path, "a", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([*[COLUMNS][: int(new)], values])


def deviation(accuracies: Array) -> Array:
    """Sample standard deviation over seeds, (seeds, n) -> (n,); 0 for a single seed."""
    return accuracies.std(0, ddof=min(1, len(accuracies) - 1))


def contrast(accuracies: Array, weights: Array) -> tuple[float, float, float]:
    """A weighted sum of networks' mean accuracies, its standard error, and the p of the hypothesis that it is 0.

    The trainings of a network scatter by sigma, the same for all, estimated with n (seeds - 1) degrees of freedom. The
    error is sigma sqrt(sum of weights^2 / seeds), and p that of a two-sided t-test; NaN with a single seed.

    Args:
        accuracies: (seeds, n).
        weights: (n,).
    """
    seeds, networks = accuracies.shape
    freedom = networks * (seeds - 1)
    value = float(accuracies.mean(0) @ weights)
    sigma = np.sqrt((deviation(accuracies) ** 2).mean()) if freedom else np.nan
    error = float(sigma * np.sqrt((weights**2).sum() / seeds))
    return value, error, float(2 * stats.t.sf(abs(value) / error, freedom)) if error > 0 else np.nan

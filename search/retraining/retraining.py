"""Retraining: the full schedule from scratch, a checkpoint every epoch, the test images once at the end."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from results.measures import ACCURACY, MEASURES, UNWEIGHTED
from search.data.dataset import DataSet, check_test, load_dataset
from search.lock import check_place, lock
from search.recipe import Recipe
from search.retraining.begun import differences, settings_of
from search.retraining.ended import finish, finished
from search.training import ranks
from search.training.checkpoint import open_checkpoint, save_checkpoint
from search.training.judging import judge
from search.training.seeds import seeded_build, training_seed
from search.training.teacher_files import load_teacher
from search.training.training import Training
from space import Architecture, InputError
from space.writing import write_atomic

VALIDATION = 0.1


@dataclass(frozen=True, kw_only=True)
class Retraining:
    """One full training, in this process or in several (`search.training.ranks`), of which the first writes.

    Args:
        architecture: what is trained.
        dataset, data_dir: on which images.
        recipe: how.
        seed: of the weights and of the order of the images.
        device: where.
        folder: takes ``metrics.csv``, ``last.pt``, ``best.pt``, ``model.safetensors``, ``examples.safetensors`` and
            ``summary.json``.
        metric: a name in `results.measures.MEASURES`, by which the best epoch is chosen.
        class_weights: of the loss, see `search.training.class_weights`.
        teacher: what it learns from, see `search.training.teacher_files`; empty for the labels alone.
        accumulate: slices of a batch that each process learns one after the other.
        leave_out: files of images that are passed over.
    """

    architecture: Architecture
    dataset: str
    data_dir: str
    recipe: Recipe
    seed: int
    device: str
    folder: Path
    metric: str = ACCURACY.name
    class_weights: str = UNWEIGHTED
    teacher: str = ""
    accumulate: int = 1
    leave_out: tuple[str, ...] = ()

    def run(self, on_epoch: Callable[[dict[str, float]], None]) -> dict[str, Any]:
        """Train, or resume from the last checkpoint, and return what ``summary.json`` holds.

        The weights of the best epoch on the validation images are kept, packed, loaded again, and tested.

        Args:
            on_epoch: called with each epoch's row of ``metrics.csv``.

        Raises:
            InputError: another process is at work in the folder, or it holds a retraining with other settings or a
                file that is damaged; or the test images, of which none has been read by then, cannot be used.
            NonFiniteLoss: the training diverged.
        """
        images = self.images  # before anything is written
        with lock(self.folder) if ranks.rank() == 0 else nullcontext():
            return self._run(images, on_epoch)

    def check(self, images: DataSet) -> None:
        """Raises InputError where no training so can begin on these images, whatever is in the folder."""
        self._new(images, torch.device("cpu"))

    def check_folder(self, images: DataSet) -> None:
        """Raises InputError where `run`, on these images, cannot use the folder, or what an earlier one left there."""
        check_place(self.folder)
        if (self.folder / "last.pt").exists():
            with self._last(settings_of(self, images)) as last:
                has_ended = self._has_ended(last["training"]["epoch"])
            if has_ended:
                finished(self, self._summary)

    @cached_property
    def images(self) -> DataSet:
        """What it trains on; its notes are on the test images too. Raises InputError where any cannot be used."""
        images = ranks.first_here(
            lambda: load_dataset(
                self.dataset,
                data_dir=self.data_dir,
                input_shape=self.architecture.input_shape,
                validation=VALIDATION,
                leave_out=self.leave_out,
            )
        )
        notes = check_test(self.dataset, data_dir=self.data_dir, dataset=images, needed=True)
        return replace(images, notes=(*images.notes, *notes))

    def _new(self, images: DataSet, device: torch.device) -> Training:
        """The training at its beginning."""
        seed = training_seed(self.seed, self.architecture)
        net = seeded_build(self.architecture, len(images.classes), seed)
        net.load_state_dict(ranks.from_first(net.state_dict))
        teacher = load_teacher(self.teacher, images.classes, images.train.preparation, device) if self.teacher else None
        return Training(
            net,
            images.train,
            recipe=self.recipe,
            seed=seed,
            device=device,
            accumulate=self.accumulate,
            class_weights=self.class_weights,
            teacher=teacher,
        )

    def _run(self, images: DataSet, on_epoch: Callable[[dict[str, float]], None]) -> dict[str, Any]:
        device, settings = torch.device(self.device), settings_of(self, images)
        training = self._new(images, device)
        metrics = self._resume(training, settings)
        if self._has_ended(training.epoch):
            return ranks.from_first(lambda: finished(self, self._summary))
        self._keep_best(training, metrics)
        while training.epoch < self.recipe.epochs:
            began = time.perf_counter()
            loss = training.run_epoch()
            counts = judge(training.kept, images.validation, classes=len(images.classes), device=device)
            reached = counts.after_retraining("validation")
            metrics.append({"epoch": training.epoch, "loss": loss, **reached, "seconds": time.perf_counter() - began})
            last = {"training": training.state_dict(), "metrics": metrics, "settings": settings}
            save_checkpoint(self.folder / "last.pt", last)
            self._keep_best(training, metrics)
            self._write_metrics(metrics)
            on_epoch(metrics[-1])
        self._write_metrics(metrics)
        with open_checkpoint(self.folder / "best.pt") as best_weights:
            training.net.load_state_dict(best_weights)
        return finish(self, training.net, images, metrics, self._best(metrics))

    @property
    def _summary(self) -> Path:
        return self.folder / "summary.json"

    def _has_ended(self, epoch: int) -> bool:
        return ranks.from_first(self._summary.exists) and epoch == self.recipe.epochs

    def _keep_best(self, training: Training, metrics: list[dict[str, float]]) -> None:
        """Write the weights of the last epoch, if it is the best; a kill before leaves them in ``last.pt``."""
        if metrics[-1:] == [self._best(metrics)]:
            save_checkpoint(self.folder / "best.pt", training.kept.state_dict())

    def _best(self, metrics: list[dict[str, float]]) -> dict[str, float]:
        """The row of the best epoch, the last one of equals; empty where no epoch had binary weights yet."""
        column = MEASURES[self.metric].after_retraining("validation")
        rows = [row for row in metrics if row["epoch"] > self.recipe.first_epochs]
        return max(rows, key=lambda row: (row[column], row["epoch"]), default={})

    def _write_metrics(self, metrics: list[dict[str, float]]) -> None:
        if ranks.rank() == 0:
            write_atomic(self.folder / "metrics.csv", pd.DataFrame(metrics).to_csv(index=False))

    def _resume(self, training: Training, settings: dict[str, Any]) -> list[dict[str, float]]:
        """Load the last checkpoint, if there is one, and return the metrics so far."""
        if not ranks.from_first((self.folder / "last.pt").exists):
            return []
        with self._last(settings) as last:
            training.load_state_dict(last["training"])
            return last["metrics"]

    @contextmanager
    def _last(self, settings: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The last checkpoint, while it is put to use. Raises InputError where it was begun with other settings."""
        with open_checkpoint(self.folder / "last.pt") as last:
            different = differences(last["settings"], settings)
            if not different:
                yield last
                return
        raise InputError(
            f"{self.folder} was begun with other settings: {'; '.join(different)}; repeat those, or use another --out"
        )

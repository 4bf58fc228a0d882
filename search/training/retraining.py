"""Retraining: the full schedule from scratch, a checkpoint every epoch, the test images once at the end."""

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from mobinet import cost
from mobinet.export import FORMATS, TrainedNetwork
from mobinet.export.examples import NAME as EXAMPLES
from mobinet.export.examples import dump_examples
from mobinet.export.packed import NAME, read_packed
from mobinet.pictures import enlarged
from results.files import SCHEMA, SUMS, check_sums, read_json, write_json, write_sums
from results.measures import ACCURACY, MEASURES, UNWEIGHTED
from results.run_config import versions
from search.data.catalog import find_dataset
from search.data.dataset import DataSet, check_test, load_dataset, load_test
from search.lock import lock
from search.recipe import Recipe
from search.training import ranks
from search.training.begun import BEFORE, TEACHER, differences
from search.training.checkpoint import open_checkpoint, save_checkpoint
from search.training.examples import examples_of
from search.training.judging import judge
from search.training.precision import dtype_text
from search.training.seeds import seeded_build, training_seed
from search.training.teacher_files import digest_of, load_teacher
from search.training.training import Training
from space import Architecture, InputError
from space.own_file import files_of
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

    def _run(self, images: DataSet, on_epoch: Callable[[dict[str, float]], None]) -> dict[str, Any]:
        own = files_of({"space": self.architecture.family, "dataset": self.dataset})
        settings = {
            "architecture": self.architecture.to_json(),
            "dataset": self.dataset,
            "fingerprint": images.fingerprint,
            **asdict(self.recipe),
            "seed": self.seed,
            **{f"digest of the --{flag} file": file.digest for flag, file in own.items()},
            "metric": self.metric,
            "class_weights": self.class_weights,
            TEACHER: digest_of(self.teacher) if self.teacher else BEFORE[TEACHER],
        }
        device, seed = torch.device(self.device), training_seed(self.seed, self.architecture)
        net = seeded_build(self.architecture, len(images.classes), seed)
        net.load_state_dict(ranks.from_first(net.state_dict))
        teacher = load_teacher(self.teacher, images.classes, images.train.preparation, device) if self.teacher else None
        training = Training(
            net,
            images.train,
            recipe=self.recipe,
            seed=seed,
            device=device,
            accumulate=self.accumulate,
            class_weights=self.class_weights,
            teacher=teacher,
        )
        metrics = self._resume(training, settings)
        summary = self.folder / "summary.json"
        if ranks.from_first(summary.exists) and training.epoch == self.recipe.epochs:
            return ranks.from_first(lambda: self._finished(summary))
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
            net.load_state_dict(best_weights)
        return self._finish(net, images, metrics)

    def _keep_best(self, training: Training, metrics: list[dict[str, float]]) -> None:
        """Write the weights of the last epoch, if it is the best; a kill before leaves them in ``last.pt``."""
        if metrics[-1:] == [self._best(metrics)]:
            save_checkpoint(self.folder / "best.pt", training.kept.state_dict())

    def _best(self, metrics: list[dict[str, float]]) -> dict[str, float]:
        """The row of the best epoch, the last one of equals; empty where no epoch had binary weights yet."""
        column = MEASURES[self.metric].after_retraining("validation")
        rows = [row for row in metrics if row["epoch"] > self.recipe.first_epochs]
        return max(rows, key=lambda row: (row[column], row["epoch"]), default={})

    def _finished(self, summary: Path) -> dict[str, Any]:
        check_sums(self.folder, summary.name)
        match content := read_json(summary):
            case {
                "key": self.architecture.key,
                "test_top1": float(),
                "test_top5": float(),
                "test_images": int(),
                "cost": {"ops": int() | float(), "bytes": int()},
                "file_bytes": int(),
            }:
                self._write_sums()
                return content
        raise InputError(
            f"{summary} is not what a retraining of {self.architecture.key} writes; remove it to test again"
        )

    def _write_sums(self) -> None:
        if not (self.folder / SUMS).exists():  # or a kill came between the summary and its digest
            write_sums(self.folder, "metrics.csv", NAME, EXAMPLES, "summary.json")

    def _write_metrics(self, metrics: list[dict[str, float]]) -> None:
        if ranks.rank() == 0:
            write_atomic(self.folder / "metrics.csv", pd.DataFrame(metrics).to_csv(index=False))

    def _resume(self, training: Training, settings: dict[str, Any]) -> list[dict[str, float]]:
        """Load the last checkpoint, if there is one, and return the metrics so far."""
        path = self.folder / "last.pt"
        if not ranks.from_first(path.exists):
            return []
        with open_checkpoint(path) as checkpoint:
            different = differences(checkpoint["settings"], settings)
            if not different:
                training.load_state_dict(checkpoint["training"])
                return checkpoint["metrics"]
        raise InputError(
            f"{self.folder} was begun with other settings: {'; '.join(different)}; repeat those, or use another --out"
        )

    def _finish(self, net: torch.nn.Module, images: DataSet, metrics: list[dict[str, float]]) -> dict[str, Any]:
        preparation = images.train.preparation
        network = TrainedNetwork(
            net=net,
            architecture=self.architecture,
            classes=images.classes,
            mean=preparation.mean,
            std=preparation.std,
            short_side=enlarged(preparation.input_shape) if find_dataset(self.dataset).cropped else None,
        )
        packed, path = FORMATS["safetensors"].files(network)[NAME], self.folder / NAME
        if ranks.rank() == 0:
            (self.folder / SUMS).unlink(missing_ok=True)
            write_atomic(path, packed)
        loaded = ranks.from_first(lambda: read_packed(path)[0]).to(self.device)
        test = load_test(self.dataset, data_dir=self.data_dir, dataset=images, leave_out=self.leave_out)
        counts = judge(loaded, test, classes=len(images.classes), device=torch.device(self.device))
        summary = {
            "schema": SCHEMA,
            "key": self.architecture.key,
            "architecture": self.architecture.to_dict(),
            "dataset": self.dataset,
            "data_dir": self.data_dir,
            **counts.after_retraining("test"),
            "test_top5": counts.top5_accuracy,
            "test_images": len(test),
            **{name: value for name, value in self._best(metrics).items() if name.startswith("validation_")},
            "metric": self.metric,
            "class_weights": self.class_weights,
            "teacher": self.teacher,
            "cost": cost(self.architecture, len(images.classes)).to_dict(),
            "file_bytes": len(packed),
            **asdict(self.recipe),
            "seed": self.seed,
            "device": self.device,
            "dtype": dtype_text(torch.device(self.device)),
            "processes": ranks.ranks(),
            "accumulate": self.accumulate,
            "seconds": sum(row["seconds"] for row in metrics),
            "versions": versions(),
        }
        if ranks.rank() == 0:
            write_atomic(self.folder / EXAMPLES, dump_examples(examples_of(test)))
            write_json(self.folder / "summary.json", summary)
            self._write_sums()
        return summary

"""What a retraining leaves at its end: the packed network, its test, and a summary."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from mobinet import cost
from mobinet.export import FORMATS, TrainedNetwork
from mobinet.export.examples import NAME as EXAMPLES
from mobinet.export.examples import dump_examples
from mobinet.export.packed import NAME, read_packed
from mobinet.pictures import enlarged
from results.files import SCHEMA, SUMS, check_sums, read_json, write_json, write_sums
from results.versions import versions
from search.data.catalog import find_dataset
from search.data.dataset import DataSet, load_test
from search.retraining.examples import examples_of
from search.training import ranks
from search.training.judging import judge
from search.training.precision import dtype_text
from space import InputError
from space.writing import write_atomic

if TYPE_CHECKING:
    from search.retraining.retraining import Retraining


def finish(
    retraining: "Retraining", net: nn.Module, images: DataSet, metrics: list[dict[str, float]], best: dict[str, float]
) -> dict[str, Any]:
    """Pack the weights of the best epoch, load them again, test them, and return what ``summary.json`` holds.

    Args:
        retraining: that has ended.
        net: with those weights.
        images: that it was trained on.
        metrics, best: the rows of all epochs, and of the best.
    """
    preparation = images.train.preparation
    network = TrainedNetwork(
        net=net,
        architecture=retraining.architecture,
        classes=images.classes,
        mean=preparation.mean,
        std=preparation.std,
        short_side=enlarged(preparation.input_shape) if find_dataset(retraining.dataset).in_folders else None,
    )
    packed, path = FORMATS["safetensors"].files(network)[NAME], retraining.folder / NAME
    if ranks.rank() == 0:
        (retraining.folder / SUMS).unlink(missing_ok=True)
        write_atomic(path, packed)
    loaded = ranks.from_first(lambda: read_packed(path)[0]).to(retraining.device)
    test = load_test(retraining.dataset, data_dir=retraining.data_dir, dataset=images, leave_out=retraining.leave_out)
    counts = judge(loaded, test, classes=len(images.classes), device=torch.device(retraining.device))
    summary = {
        "schema": SCHEMA,
        "key": retraining.architecture.key,
        "architecture": retraining.architecture.to_dict(),
        "dataset": retraining.dataset,
        "data_dir": retraining.data_dir,
        **counts.after_retraining("test"),
        "test_top5": counts.top5_accuracy,
        "test_images": len(test),
        **{name: value for name, value in best.items() if name.startswith("validation_")},
        "metric": retraining.metric,
        "class_weights": retraining.class_weights,
        "teacher": retraining.teacher,
        "cost": cost(retraining.architecture, len(images.classes)).to_dict(),
        "file_bytes": len(packed),
        **asdict(retraining.recipe),
        "seed": retraining.seed,
        "device": retraining.device,
        "dtype": dtype_text(torch.device(retraining.device)),
        "processes": ranks.ranks(),
        "accumulate": retraining.accumulate,
        "seconds": sum(row["seconds"] for row in metrics),
        "versions": versions(),
    }
    if ranks.rank() == 0:
        write_atomic(retraining.folder / EXAMPLES, dump_examples(examples_of(test)))
        write_json(retraining.folder / "summary.json", summary)
        _write_sums(retraining.folder)
    return summary


def finished(retraining: "Retraining", summary: Path) -> dict[str, Any]:
    """What an earlier process left in the file `summary`. Raises InputError where that is another retraining's."""
    check_sums(retraining.folder, summary.name)
    match content := read_json(summary):
        case {
            "key": retraining.architecture.key,
            "test_top1": float(),
            "test_top5": float(),
            "test_images": int(),
            "cost": {"ops": int() | float(), "bytes": int()},
            "file_bytes": int(),
        }:
            _write_sums(retraining.folder)
            return content
    raise InputError(
        f"{summary} is not what a retraining of {retraining.architecture.key} writes; remove it to test again"
    )


def _write_sums(folder: Path) -> None:
    if not (folder / SUMS).exists():  # or a kill came between the summary and its digest
        write_sums(folder, "metrics.csv", NAME, EXAMPLES, "summary.json")

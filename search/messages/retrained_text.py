"""What a retraining says."""

import shlex
from pathlib import Path
from typing import Any

from results.caution import FAIR, network_caution
from results.measures import ACCURACY, MEASURES
from results.noise import standard_error
from results.words import counted, duration, folded, short
from search.recipe import Recipe
from space.own_file import files_of


def teacher_note(recipe: Recipe, teacher: str) -> str:
    """A line, where settings of a recipe do nothing because there is no teacher; else empty."""
    if teacher or not recipe.asks_for_teacher:
        return ""
    return "no teacher: teacher_share, teacher_temperature and teacher_maps do nothing without --teacher"


def end_text(summary: dict[str, Any], folder: Path, cost: str = "", *, classes: int) -> str:
    """What a retraining for so many classes reached, what it left, and what to do with it."""
    ops = short(summary["cost"]["ops"], "OPs")
    error = standard_error(summary["test_top1"], summary["test_images"])
    top5 = f", top-5 {summary['test_top5']:.2%}" if summary["test_top5"] < 1 else ""  # 1 for any five classes
    doubt = f"{folded(caution)}\n" if (caution := caution_of(summary, classes)) else ""
    commands = "\n".join(f"    {command}" for command in next_commands(summary, folder))
    return (
        f"kept the epoch that was best on validation images, {named(summary, 'validation')}\n"
        f"test {named(summary, 'test')} ± {error:.2%} (standard error){top5} on "
        f"{summary['test_images']:,} images; {', '.join(filter(None, (ops, cost)))}\n"
        f"{counted(summary['epochs'], 'epoch')} in {duration(summary['seconds'])}; results are in {folder}:\n"
        f"model.safetensors ({summary['file_bytes']:,} bytes, {summary['cost']['bytes']:,} of them weights), "
        "summary.json, metrics.csv\n"
        f"{doubt}to see its mistakes, to run it elsewhere, to name the class of a picture:\n{commands}"
    )


def next_commands(summary: dict[str, Any], folder: Path) -> list[str]:
    """What can be done with a trained network."""
    family = summary["architecture"]["family"]
    own = {
        flag: f" --{flag} {shlex.quote(file.path)}"
        for flag, file in files_of({"space": family, "dataset": summary["dataset"]}).items()
    }
    model, space = shlex.quote(str(folder)), own.get("space", "")
    return [
        f"mobinas evaluate {model}{space}{own.get('dataset', '')}",
        f"mobinas export {model}{space} --format c --out network",
        f"mobinas predict {model}{space} picture.png",
    ]


def caution_of(summary: dict[str, Any], classes: int) -> str:
    """That what a retraining reached on test images may be a guess among so many classes; empty where it is more."""
    fair = FAIR if FAIR.after_retraining("test") in summary else ACCURACY  # which alone earlier versions wrote
    return network_caution(summary[fair.after_retraining("test")], fair, classes=classes, images=summary["test_images"])


def named(summary: dict[str, Any], part: str) -> str:
    """What a retraining reached on a part of the images: top-1 accuracy, after the measure that chose its epoch."""
    measure, top1 = MEASURES[summary.get("metric", ACCURACY.name)], f"top-1 {summary[f'{part}_top1']:.2%}"
    return top1 if measure is ACCURACY else f"{measure.title} {summary[measure.after_retraining(part)]:.2%}, {top1}"

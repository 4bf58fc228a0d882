"""What a retraining says: of each epoch, of its end, and of the report of the run that it belongs to."""

from pathlib import Path
from typing import Any

from results.measures import ACCURACY, MEASURES
from space.errors import first_line


def end_text(summary: dict[str, Any], folder: Path, cost: str = "") -> str:
    """What a retraining reached, and where its network is."""
    from search.progress import si

    ops = f"{si(summary['cost']['ops']).strip()}OPs"
    return (
        f"kept the epoch that was best on validation images, {named(summary, 'validation')}\n"
        f"test {named(summary, 'test')}, top-5 {summary['test_top5']:.2%} on {summary['test_images']} images; "
        f"{', '.join(filter(None, (ops, cost)))}; {folder}/model.safetensors has {summary['file_bytes']:,} bytes, "
        f"{summary['cost']['bytes']:,} of them weights"
    )


def named(summary: dict[str, Any], part: str) -> str:
    """What a retraining reached on a part of the images: top-1 accuracy, after the measure that chose its epoch."""
    measure, top1 = MEASURES[summary.get("metric", ACCURACY.name)], f"top-1 {summary[f'{part}_top1']:.2%}"
    return top1 if measure is ACCURACY else f"{measure.title} {summary[measure.after_retraining(part)]:.2%}, {top1}"


def run_of(folder: Path) -> Path | None:
    """The run that the retraining in `folder` belongs to, if any."""
    run = folder.parent.parent
    belongs = folder.parent.name == "retrain" and all((run / name).exists() for name in ("config.json", "trials.csv"))
    return run if belongs else None


def refresh_report(folder: Path) -> str:
    """Show what a retraining left in `folder` in the report of the run it lies in, if any, and say so in a line."""
    from results.report import rewrite_report

    if not (run := run_of(folder)):
        return ""
    try:
        return f"wrote {rewrite_report(run)}\n"
    except Exception as error:  # the training is done, whatever ails the report
        return f"could not write {run}/report.html again: {first_line(error)}\n"


def show(row: dict[str, float], metric: str) -> None:
    accuracy = f"validation {named({**row, 'metric': metric}, 'validation')}"
    print(f"epoch {row['epoch']:>4}  loss {row['loss']:.4f}  {accuracy}  {row['seconds']:.1f} s", flush=True)

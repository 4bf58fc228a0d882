"""The run that a retraining belongs to, and its report, which shows what the network reached."""

from pathlib import Path

from results.report import rewrite_report
from space.errors import first_line


def run_of(folder: Path) -> Path | None:
    """The run that the retraining in `folder` belongs to, if any."""
    run = folder.parent.parent
    belongs = folder.parent.name == "retrain" and all((run / name).exists() for name in ("config.json", "trials.csv"))
    return run if belongs else None


def refresh_report(folder: Path) -> str:
    """Show what a retraining left in `folder` in the report of the run it lies in, if any, and say so in a line."""
    if not (run := run_of(folder)):
        return ""
    try:
        return f"wrote {rewrite_report(run)}\n"
    except Exception as error:  # the training is done, whatever ails the report
        return f"could not write {run}/report.html again: {first_line(error)}\n"

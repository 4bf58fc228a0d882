"""One self-contained page that shows a run.

    python -m results.report runs/digits
    python -m results.report runs/digits --watch       in a browser, while the search runs

With --cost, the front of a finished run is drawn by another cost, from what is known and without a new training, in a
folder of its own.

    python -m results.report runs/digits --cost latency --latency here.csv
"""

import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from results.files import write_atomic
from space import InputError
from space.command import Parser, add_own_family, run_command, user_path
from space.errors import first_line
from space.objective import OBJECTIVES
from space.own_file import files_of

LACKING = {
    "config.json": "{} is not the folder of a run: it lacks config.json",
    "trials.csv": "{} holds a run of which nothing is written yet; try again once its first trials have ended",
    "pareto.json": "{0} holds a run without a complete trial; {0}/trials.csv has the reasons",
    "best.json": "{} lacks best.json; to write it again, repeat the command of the search",
}
LATE = 1.0
"""Seconds between a trial's end and the tables that have it, in a search that ended."""


def report_of(folder: Path, *, published: bool = False, version: str = "") -> str:
    """The page that shows what the run in `folder` left.

    Args:
        folder: the run's.
        published: overlay what papers report on the same data set; a folder of images is taken for ImageNet.
        version: see `results.page.page_of`.

    Raises:
        InputError: the folder holds no run, one in which nothing is complete yet, or files that were changed.
    """
    from results.page import page_of  # which loads pandas and plotly
    from results.run_record import read_run

    for name, complaint in LACKING.items():
        if not (folder / name).exists():
            raise InputError(complaint.format(folder))
    try:
        return page_of(read_run(folder), published=published, version=version)
    except InputError:
        raise
    except (OSError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise InputError(f"{folder} holds files that cannot be read as those of a run ({first_line(error)})") from None


def write_report(folder: Path, *, published: bool = False) -> Path:
    """Write ``report.html`` into `folder`, and return its path; arguments and errors as of `report_of`."""
    page, path = report_of(folder, published=published), folder / "report.html"
    write_atomic(path, page)
    return path


def rewrite_report(folder: Path) -> Path:
    """Write the report again, with published results where it shows them already; raises as `write_report` does."""
    from results.plot import PUBLISHED

    path = folder / "report.html"
    return write_report(folder, published=path.exists() and PUBLISHED.encode() in path.read_bytes())


def _is_behind(folder: Path) -> bool:
    """Whether trials ended since the tables of a run were written."""
    study, table = folder / "study.db", folder / "trials.csv"
    return study.exists() and table.exists() and study.stat().st_mtime > table.stat().st_mtime + LATE


def folder_of(cost: str, latencies: Path | None) -> str:
    """Where, in the folder of a run, the report by another cost is: one for each table of latencies."""
    return f"by-{cost}-{latencies.stem}" if cost == "latency" and latencies else f"by-{cost}"


def watch(folder: Path, *, published: bool) -> None:
    """Serve the report until Ctrl-C. Raises InputError where `folder` holds no run."""
    from results.watch import watched

    if not (folder / "config.json").exists():
        raise InputError(LACKING["config.json"].format(folder))
    with watched(folder, published=published), suppress(KeyboardInterrupt):
        signal.pause()


def main() -> None:
    parser = Parser(prog="python -m results.report", description=__doc__)
    parser.add_argument("run", type=user_path, help="folder of the run, such as runs/digits")
    parser.add_argument("--published", action="store_true", help="overlay what papers report on the same data set")
    parser.add_argument("--cost", choices=OBJECTIVES, metavar="COST", help=f"one of {', '.join(OBJECTIVES)}")
    parser.add_argument("--latency", type=user_path, help="table of latencies that python -m mobinet.latency wrote")
    parser.add_argument(
        "--watch",
        action="store_true",
        help="write nothing, but show the page in a browser on this machine, renewed while a search or retraining runs",
    )
    add_own_family(parser)
    args = parser.parse_args()
    if args.latency and not args.cost:
        parser.error("--latency is for --cost")
    if args.watch and args.cost:
        parser.error("--watch shows a run by its own cost; leave out --cost")
    folder = args.run
    if args.watch:
        return watch(folder, published=args.published)
    # Only a process of its own may know of studies: this package is below them.
    refresh = [sys.executable, "-m", "search.refresh", str(folder)]
    refresh += [part for file in files_of({"space": args.space or ""}).values() for part in ("--space", file.path)]
    if args.cost:
        folder = folder / folder_of(args.cost, args.latency)
        latency = ["--latency", str(args.latency)] if args.latency else []
        if code := subprocess.run([*refresh, "--cost", args.cost, *latency, "--out", str(folder)]).returncode:
            sys.exit(code)
    elif _is_behind(folder):
        subprocess.run(refresh, check=False)
    print(f"wrote {write_report(folder, published=args.published)}")


if __name__ == "__main__":
    run_command(main)

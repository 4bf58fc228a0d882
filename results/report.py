"""One self-contained page that shows a run.

    python -m results.report runs/digits
    python -m results.report runs/digits --watch       in a browser, while the search runs

With --cost, the front of a finished run is drawn by another cost, from what is known and without a new training, in a
folder of its own.

    python -m results.report runs/digits --cost latency --latency here.csv

With --format, it draws figures for a paper instead of the page, each one column wide: the front, its progress, what
each layer takes along it, and the network of best.json.

    python -m results.report runs/digits --format svg
"""

import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from results.figures import FORMATS, require_matplotlib
from results.looks import PUBLISHED
from space import InputError
from space.command import Parser, add_own_family, run_command, user_path
from space.objective import OBJECTIVES
from space.own_file import files_of
from space.writing import write_atomic

if TYPE_CHECKING:
    from results.run_record import RunRecord

LATE = 1.0
"""Seconds between a trial's end and the tables that have it, in a search that ended."""


T = TypeVar("T")


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

    return _made_of(folder, partial(page_of, published=published, version=version))


def write_report(folder: Path, *, published: bool = False) -> Path:
    """Write ``report.html`` into `folder`, and return its path; arguments and errors as of `report_of`."""
    page, path = report_of(folder, published=published), folder / "report.html"
    write_atomic(path, page)
    return path


def write_figures(folder: Path, form: str, *, published: bool = False, out: Path | None = None) -> list[Path]:
    """Write figures for a paper, with matplotlib, and return their paths. Raises as `write_report` does.

    Args:
        folder: the run's.
        form: one of `results.figures.FORMATS`.
        published: as of `write_report`.
        out: where to; by default ``figures`` in the folder of the run.
    """
    from results.figures.of_run import figures_of
    from results.figures.style import write_figure

    drawn = _made_of(folder, partial(figures_of, published=published))
    figures = {(out or folder / "figures") / f"{name}.{form}": figure for name, figure in drawn.items()}
    for path, figure in figures.items():
        write_figure(path, figure)
    return [*figures]


def _made_of(folder: Path, make: "Callable[[RunRecord], T]") -> T:
    """What `make` makes of the run in `folder`. Raises InputError as `write_report` does."""
    from results.run_record import read_run, reading

    with reading(folder):
        return make(read_run(folder))


def rewrite_report(folder: Path) -> Path:
    """Write the report again, with published results where it shows them already; raises as `write_report` does."""
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
    """Serve the report until Ctrl-C. Raises InputError: `folder` holds no run, or nothing is published of its data."""
    from results.published import published_on
    from results.run_config import read_config
    from results.run_record import LACKING
    from results.watch import watched

    if not (folder / "config.json").exists():
        raise InputError(LACKING["config.json"].format(folder))
    config = read_config(folder)
    if published:
        published_on(config.published_as, config.measure)
    with watched(folder, published=published), suppress(KeyboardInterrupt):
        signal.pause()


def main() -> None:
    parser = Parser(prog="python -m results.report", description=__doc__)
    parser.add_argument("run", type=user_path, help="folder of the run, such as runs/digits")
    parser.add_argument("--published", action="store_true", help="overlay what papers report on the same data set")
    parser.add_argument("--format", choices=FORMATS, help="draw figures for a paper")
    parser.add_argument("--out", type=user_path, metavar="FOLDER", help="of these figures (default: RUN/figures)")
    parser.add_argument("--cost", choices=OBJECTIVES, metavar="COST", help=f"one of {', '.join(OBJECTIVES)}")
    parser.add_argument("--latency", type=user_path, help="table of latencies that mobinas latency wrote")
    parser.add_argument(
        "--watch",
        action="store_true",
        help="write nothing; print an address where a browser on this machine shows the page, renewed as results come",
    )
    add_own_family(parser)
    args = parser.parse_args()
    if args.latency and not args.cost:
        parser.error("--latency is for --cost")
    if args.watch and args.cost:
        parser.error("--watch shows a run by its own cost; leave out --cost")
    if args.watch and args.format:
        parser.error("--watch shows the page; leave out --format")
    if args.out and not args.format:
        parser.error("--out is for --format")
    if args.format:
        require_matplotlib("--format")
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
    if args.format:
        for path in write_figures(folder, args.format, published=args.published, out=args.out):
            print(f"wrote {path}")
    else:
        print(f"wrote {write_report(folder, published=args.published)}")


if __name__ == "__main__":
    run_command(main)

"""Compare searches: hypervolume against one reference point, and the best accuracy at the same costs.

    python -m results.compare runs/front runs/random

Runs that differ in nothing but the seed form one search. Where two searches have several seeds each, Mann and Whitney's
U test, two-sided and not paired, tells whether chance explains the difference of their hypervolumes. Runs on other
data, with another validation split, cost or metric are refused.

    python -m results.compare runs/front-0 runs/front-1 runs/random-0 runs/random-1 --out compared.html
"""

from pathlib import Path
from typing import TYPE_CHECKING

from results.figures import FORMATS, format_of
from space import InputError
from space.command import Parser, run_command, user_path
from space.writing import write_atomic

if TYPE_CHECKING:
    from results.compare.comparison import Comparison

TABLES = "html", "csv"


def check_out(path: Path | None) -> None:
    """Raises InputError, before anything is read, where the file cannot be written in the format of its name."""
    if path and path.suffix.removeprefix(".") not in TABLES:
        if path.suffix.removeprefix(".") not in FORMATS:
            raise InputError(f"--out {path}: the name must end in .{', .'.join((*TABLES, *FORMATS))}")
        format_of(path, "--out")


def write(path: Path, comparison: "Comparison") -> None:
    """Write it in the format of the file's name."""
    if path.suffix == ".html":
        from results.compare.page import comparison_page

        write_atomic(path, comparison_page(comparison))
    elif path.suffix == ".csv":
        from results.compare.text import rows_of

        write_atomic(path, rows_of(comparison).to_csv(index=False))
    else:
        from results.figures.comparison import comparison_drawn
        from results.figures.style import write_figure

        write_figure(path, comparison_drawn(comparison))


def main() -> None:
    parser = Parser(prog="python -m results.compare", description=__doc__)
    parser.add_argument("runs", nargs="+", type=user_path, metavar="RUN", help="folder of a run, such as runs/digits")
    parser.add_argument(
        "--out", type=user_path, metavar="FILE", help="a page (.html), the table (.csv) or the plot (.svg, .png, .pdf)"
    )
    args = parser.parse_args()
    check_out(args.out)
    from results.compare.comparison import compare  # which loads pandas
    from results.compare.text import shown_rows, words_of
    from results.words import folded

    comparison = compare(args.runs)
    print(shown_rows(comparison).to_string(index=False))
    for line in words_of(comparison):
        print(f"\n{folded(line)}")
    if args.out:
        write(args.out, comparison)
        print(f"\nwrote {args.out}")


if __name__ == "__main__":
    run_command(main)

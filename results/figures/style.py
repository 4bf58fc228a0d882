"""How figures for papers look: one column wide, text as text, the colours of the page."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from results.words import tick
from space.objective import Objective
from space.writing import write_atomic

WIDTH = 3.3
"""Inches: one of two columns."""
STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["Arial", "Helvetica", "Liberation Sans", "DejaVu Sans"],
    "font.size": 7.5,
    "axes.labelsize": 7.5,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 1.5,
    "legend.columnspacing": 1.0,
    "legend.handletextpad": 0.5,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e8ec",
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
    "errorbar.capsize": 1.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "mobinas",
    "pdf.fonttype": 42,
    "savefig.dpi": 200,
    "figure.constrained_layout.use": True,
}
INK, MUTED = "#1b1f24", "#57606a"
FEW, DECADES = 5, 4.0
"""Ticks of an axis of costs; where its ends are further apart than so many times, its ticks follow powers of ten."""
DATES = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}
"""No file says when it was drawn: the same figure is the same file."""


@contextmanager
def paper_style() -> Iterator[None]:
    """Within it, figures are made and written in this style, whatever the user's own."""
    with style.context(STYLE, after_reset=True):
        yield


def new_figure(height: float, *, width: float = WIDTH) -> Figure:
    """An empty figure, in inches."""
    return Figure(figsize=(width, height))


def write_figure(path: Path, figure: Figure) -> None:
    """Write it in the format that the name ends in, one of `results.figures.FORMATS`."""
    image, form = BytesIO(), path.suffix.removeprefix(".")
    with paper_style():
        figure.savefig(image, format=form, metadata=DATES[form])
    write_atomic(path, image.getvalue())


def cost_axis(axes: Axes, objective: Objective, costs: Sequence[float]) -> None:
    """A logarithmic axis below, with the costs that are shown."""
    axes.set_xscale("log")
    wide = max(costs) > DECADES * min(costs)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)) if wide else MaxNLocator(FEW))
    axes.xaxis.set_minor_locator(FixedLocator([]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda cost, _: tick(cost, objective)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(objective.title)


def share_axis(axes: Axes, title: str) -> None:
    """Shares, 0 to 1, to the left."""
    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.4g}%"))
    axes.set_ylabel(title)


def legend_above(figure: Figure, axes: Axes, columns: int = 3) -> None:
    """In as many columns as the figure is wide enough for, `columns` at most."""
    handles, labels = axes.get_legend_handles_labels()
    for count in range(columns, 0, -1):
        legend = figure.legend(handles, labels, loc="outside upper center", ncols=count)
        for text in legend.get_texts():
            text.set_parse_math(False)  # names of folders may hold a $
        if count == 1 or legend.get_window_extent().width <= figure.bbox.width:
            return
        legend.remove()

"""What each layer takes along the front, from cheap to expensive, as a heat map."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from results.choices import Row
from results.figures.style import INK, new_figure
from results.looks import COLOURS, HUES
from results.words import tick
from space.families.mobinet import BLOCKS
from space.gene import Choice
from space.objective import Objective

ROW, AROUND = 0.125, 0.75
"""Inches: the height of a row, and what is above and below all of them."""
SMALL = 5.5
"""Points: the text of a cell."""
OF_BLOCKS: dict[str, str] = {
    block: COLOURS[kind] for block, kind in zip(BLOCKS, ("hand", "published", "front", "searched"))
}
"""Of the orders of convolutions, as on the page."""


def choices_drawn(rows: Sequence[Row], costs: Sequence[float], objective: Objective) -> Figure:
    """A column for each network, a row for each gene.

    Args:
        rows: of the genes.
        costs: of each network.
        objective: what the costs are of.
    """
    figure = new_figure(AROUND + ROW * len(rows))
    axes = figure.add_subplot()
    for place, row in enumerate(rows):
        for column, choice in enumerate(row.taken):
            _draw_cell(axes, column, place, row, choice)
    axes.set_xlim(0, len(costs))
    axes.set_ylim(len(rows), 0)
    labels = [tick(cost, objective) for cost in costs]
    axes.set_xticks([column + 0.5 for column in range(len(costs))], labels, rotation=90)
    axes.set_yticks([place + 0.5 for place in range(len(rows))], [row.gene for row in rows])
    axes.tick_params(length=0, labelsize=SMALL)
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.set_xlabel(f"networks of the front, by {objective.unit}")
    return figure


def _draw_cell(axes: Axes, column: int, place: int, row: Row, choice: Choice | None) -> None:
    """A word in the colour of its choice, a number the darker the higher."""
    if choice is not None:
        color, depth = _shade(row, choice)
        axes.add_patch(Rectangle((column, place), 1, 1, facecolor=color, alpha=depth, edgecolor="white", linewidth=0.5))
    text = "–" if choice is None else str(choice)
    axes.text(column + 0.5, place + 0.55, text, ha="center", va="center", fontsize=SMALL, color=INK)


def _shade(row: Row, choice: Choice) -> tuple[str, float]:
    place = row.choices.index(choice)
    if isinstance(choice, int):
        return HUES[0], 0.1 + 0.4 * place / max(1, len(row.choices) - 1)
    return OF_BLOCKS.get(choice, HUES[place % 4]), 0.4

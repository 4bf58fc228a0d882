"""Several searches: their fronts, and their hypervolume against trials."""

from matplotlib.figure import Figure

from results.compare.comparison import Comparison
from results.figures.style import cost_axis, legend_above, new_figure, paper_style, share_axis
from results.looks import HUES
from results.progress import TITLES

HEIGHT = 4.2


def comparison_drawn(comparison: Comparison) -> Figure:
    """A line a search; those of several seeds have one colour, unless all are of one search."""
    with paper_style():
        figure = new_figure(HEIGHT)
        fronts, progress = figure.subplots(2, height_ratios=(3, 2))
        for number, (name, searches) in enumerate(comparison.drawn.items()):
            look = {"color": HUES[number % len(HUES)], "linestyle": ("-", "--", ":")[number // len(HUES) % 3]}
            for place, one in enumerate(searches):
                label = "_" if place else " " * name.startswith("_") + name  # matplotlib hides what begins with _
                fronts.step(one.cost, one.accuracy, where="post", marker=".", label=label, **look)
                progress.step(one.progress.trials, one.progress.hypervolume, where="post", **look)
        costs = [cost for searches in comparison.groups.values() for one in searches for cost in one.cost]
        cost_axis(fronts, comparison.config.cost, costs)
        share_axis(fronts, comparison.accuracy_title)
        progress.set_xlabel(TITLES["trials"])
        share_axis(progress, "hypervolume")
        legend_above(figure, fronts, columns=2)
    return figure

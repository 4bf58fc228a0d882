"""How the front grew: its hypervolume against trials."""

from matplotlib.figure import Figure

from results.figures.style import new_figure, share_axis
from results.looks import COLOURS
from results.progress import TITLES, Progress

HEIGHT = 1.9


def progress_drawn(progress: Progress) -> Figure:
    figure = new_figure(HEIGHT)
    axes = figure.add_subplot()
    axes.step(progress.trials, progress.hypervolume, where="post", color=COLOURS["hand"])
    axes.set_xlabel(TITLES["trials"])
    share_axis(axes, "hypervolume")
    return figure

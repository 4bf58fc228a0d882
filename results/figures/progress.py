"""How the front grew: its hypervolume against trials."""

from matplotlib.figure import Figure

from results.figures.style import MUTED, new_figure, share_axis
from results.looks import COLOURS
from results.progress import RANDOM, SEARCH, TITLES, Progress

HEIGHT = 1.9


def progress_drawn(progress: Progress, random: Progress | None = None) -> Figure:
    """Beside random search's, where this is known."""
    figure = new_figure(HEIGHT)
    axes = figure.add_subplot()
    axes.step(progress.trials, progress.hypervolume, where="post", color=COLOURS["hand"], label=SEARCH)
    if random:
        axes.plot(random.trials, random.hypervolume, linestyle="--", color=MUTED, label=RANDOM)
        axes.legend(loc="lower right")
    axes.set_xlabel(TITLES["trials"])
    share_axis(axes, "hypervolume")
    return figure

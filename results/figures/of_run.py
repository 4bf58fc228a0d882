"""All figures of a run, each from the record that the page shows."""

from matplotlib.figure import Figure

from results.choices import rows_of
from results.figures.choices import choices_drawn
from results.figures.front import front_drawn
from results.figures.network import network_drawn
from results.figures.progress import progress_drawn
from results.figures.style import paper_style
from results.hand_designed import spread_places
from results.network import boxes_of
from results.points import pareto_info
from results.progress import progress_of
from results.published import published_on
from results.run_record import RunRecord

COLUMNS = 16
"""Networks of a front whose choices can be read in one column of a paper."""


def figures_of(run: RunRecord, *, published: bool = False) -> dict[str, Figure]:
    """By name: the front; the network of best.json; and, if there are several networks, progress and choices.

    Args:
        run: what they show.
        published: overlay what papers report on the same data set.

    Raises:
        InputError: there are no published results on the data set.
    """
    with paper_style():
        figures = {"front": _front(run, published), "network": _network(run)}
        progress = progress_of(run.trials, run.config)
        if len(progress.trials) > 1:
            figures["progress"] = progress_drawn(progress, run.random)
        if choices := _choices(run):
            figures["choices"] = choices
    return figures


def _front(run: RunRecord, published: bool) -> Figure:
    config = run.config
    info = pareto_info(
        run.trials,
        config=config,
        best_key=run.best.key,
        noise=run.front.noise,
        published=published_on(config.published_as, config.measure) if published else None,
        retrained=run.retrained.rows,
    )
    return front_drawn(info)


def _network(run: RunRecord) -> Figure:
    config, best = run.config, run.best
    boxes = boxes_of(best.architecture, run.shares.get(best.key, {}), config.varied)
    title = f"{'expected ' if best.is_smoothed else ''}{best.measure.title}"
    return network_drawn(
        boxes, f"{best.key}: {title} {best.deciding:.1%}, {config.cost.show(best.costs[config.objective])}"
    )


def _choices(run: RunRecord) -> Figure | None:
    """Of at most `COLUMNS` networks; None where all are alike."""
    entries, config = run.front.entries, run.config
    best = next((place for place, entry in enumerate(entries) if entry.key == run.best.key), 0)
    shown = [entries[place] for place in spread_places(len(entries), COLUMNS, keep=best)]
    costs = [entry.costs[config.objective] for entry in shown]
    rows = rows_of(shown)
    return choices_drawn(rows, costs, config.cost) if rows else None

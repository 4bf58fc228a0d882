"""The front: a figure over each cost that is known, and a table."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from results.front import Front, are_smoothed
from results.looks import HOVER, STYLES
from results.measures import ACCURACY, TITLES, TOP5
from results.page.html import Column, Section, at_most, figure, paragraph, table
from results.page.networks import accuracies_of
from results.page.summary import noise_text
from results.points import Points, published_points, retrained_points
from results.run_config import RunConfig
from results.run_record import RunRecord
from results.tables import STD, completed, front_of
from results.two_costs import two_fronts
from results.words import counted
from space.objective import OBJECTIVES

CONTROLS = f"""<div class='controls'>
<div role='group' aria-label='Accuracy' id='kinds'></div>
<label>Cost <select id='cost'></select></label>
{at_most("most-drawn")}</div>"""

ALWAYS = (
    "Each point is one network; the line is the front: networks that no other beats in both accuracy and cost. "
    "Point at a network to see it, click it or its key in a table to show it in full; a ring is around the one that is "
    "shown."
)
BARS = "Bars show the ± of each network."
SMOOTHED = (
    "Expected accuracies are smoothed by a regression over all trials, so that one lucky training does not decide; "
    "measured ones are those of each training."
)
FEW = 15
"""Networks of a front whose table is shown at once."""


@dataclass(frozen=True, kw_only=True)
class View:
    """What the figure shows over one cost.

    Args:
        title, unit: of the cost.
        budget: the limit of the search; None where it had none.
        front: places of its networks among the complete trials, by rising cost, for each kind of accuracy.
        published, retrained: as in `results.points.ParetoInfo`.
        peers: likewise.
    """

    title: str
    unit: str
    budget: float | None
    front: dict[str, list[int]]
    published: Points
    retrained: Points
    peers: dict[str, float]


def views_of(run: RunRecord, published: pd.DataFrame | None) -> dict[str, View]:
    """A view for each objective that has a column, that of the run first."""
    config = run.config
    complete = completed(run.trials).reset_index(drop=True)
    names = [config.objective, *(name for name in OBJECTIVES if name in complete and name != config.objective)]
    return {name: _view(name, run, complete, published) for name in names}


def _view(name: str, run: RunRecord, complete: pd.DataFrame, published: pd.DataFrame | None) -> View:
    config, objective = run.config, run.config.objective_named(name)
    front = {
        kind: front_of(complete.assign(expected=complete[column]), objective, config.measure).index.tolist()
        for kind, column in accuracies_of(complete, config).items()
    }
    costs = dict(zip(complete["key"], complete[name]))
    retrained = run.retrained.rows.assign(cost=run.retrained.rows["key"].map(costs.get)).sort_values(by="cost")
    return View(
        title=objective.title,
        unit=objective.unit,
        budget=config.all_limits.get(name),
        front=front,
        published=published_points(published, objective),
        retrained=retrained_points(retrained, objective),
        peers=dict(config.latency_peers) if name == "latency" else {},
    )


def traces_of(run: RunRecord, published: pd.DataFrame | None) -> list[Any]:
    """How each kind of network is drawn; the script fills in its points and its colour, by the role in `meta`."""
    left_out = {"published"} if published is None else set()
    left_out |= set() if len(run.retrained.rows) else {"retrained"}
    return [
        {"type": "scatter", "meta": role, "hovertemplate": HOVER, **style}
        for role, style in STYLES.items()
        if role not in left_out
    ]


def front_section(run: RunRecord, published: pd.DataFrame | None) -> Section:
    """The figure with its switches, the panel of one network, and the table of the front."""
    config, front = run.config, run.front
    complete = completed(run.trials)
    is_smoothed = "expected" in accuracies_of(complete, config)
    has_bars = front.noise or (is_smoothed and STD in complete and complete[STD].notna().to_numpy().any())
    words = " ".join([ALWAYS, *([BARS] if has_bars else []), *([SMOOTHED] if is_smoothed else [])])
    by = f", by expected {config.measure.title}" if is_smoothed else ""
    is_open = " open" if len(front.entries) <= FEW else ""
    body = (
        f"<div class='beside'><div>{CONTROLS}{figure('front', words)}"
        f"{paragraph(noise_text(config, front), 'note')}</div>"
        f"<aside id='network' aria-label='The chosen network'></aside></div><details{is_open}>"
        f"<summary>The front as a table: {counted(len(front.entries), 'network')}{by}</summary>"
        f"{front_table(front, config)}"
        "</details>"
    )
    views = {name: asdict(view) for name, view in views_of(run, published).items()}
    return Section(title="The front", body=body, figures={"front": {"data": traces_of(run, published), "views": views}})


def front_table(front: Front, config: RunConfig) -> str:
    """The networks of the front, by rising cost."""
    entries = front.entries
    expected = "expected" if config.measure is ACCURACY else f"expected {config.measure.title}"
    columns = [
        Column(title="key", texts=[entry.key for entry in entries]),
        shares(
            "measured" if config.measure is ACCURACY else "measured accuracy", [entry.accuracy for entry in entries]
        ),
    ]
    for name in (config.measure.column, TOP5):
        if all(name in entry.scores for entry in entries):
            columns.append(shares(TITLES[name], [entry.scores[name] for entry in entries]))
    if are_smoothed(entries):
        columns.append(shares(expected, [entry.expected or 0 for entry in entries]))
    for name in dict.fromkeys((config.objective, *config.all_limits, "ops", "bytes")):  # a click shows the others
        objective, values = config.objective_named(name), [float(entry.costs[name]) for entry in entries]
        columns.append(Column(title=objective.heading, texts=[*map(objective.show, values)], values=values))
    columns.append(Column(title="architecture", texts=[entry.architecture.describe() for entry in entries]))
    return table(*columns, caption="The networks of the front, by rising cost", keys=[entry.key for entry in entries])


def shares(title: str, values: Sequence[float]) -> Column:
    """A column of accuracies, 0 to 1."""
    return Column(title=title, texts=[f"{value:.2%}" for value in values], values=values)


def two_costs_section(trials: pd.DataFrame, config: RunConfig) -> Section:
    """The front by OPs beside the front by the run's cost; empty where that is OPs."""
    title = f"By OPs and by {config.objective}"
    if config.objective == "ops":
        return Section(title=title, body="")
    fronts = two_fronts(trials, config.cost, config.measure)
    body = paragraph(fronts.text(config.cost))
    if len(rows := fronts.rows):
        cost, keys = rows["cost"].tolist(), rows["key"].tolist()
        body += table(
            Column(title="on the front by OPs alone", texts=keys),
            shares(config.measure.title, rows["accuracy"].tolist()),
            Column(title="OPs", texts=[f"{ops:,.0f}" for ops in rows["ops"]], values=rows["ops"].tolist()),
            Column(title=config.cost.heading, texts=[*map(config.cost.show, cost)], values=cost),
            Column(title="times that of", texts=[f"{it:.2f}" for it in rows["factor"]], values=rows["factor"].tolist()),
            Column(title="as accurate", texts=rows["instead"].tolist()),
            caption="Networks that are on the front by OPs alone",
            keys=keys,
        )
    return Section(title=title, body=body)

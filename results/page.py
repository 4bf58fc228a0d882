"""The page of a report: sections of HTML, each made from the record of a run."""

from html import escape

import pandas as pd

from results.entry import Front
from results.measures import ACCURACY, TITLES, TOP5
from results.plot import pareto_figure, pareto_info
from results.published import published_on
from results.retrained import Retrained, agreement
from results.run_config import RunConfig
from results.run_record import RunRecord
from results.two_costs import two_fronts
from space.cost import COSTS

EVALUATED = {
    "proxy": "accuracies from one short training each",
    "supernet": "accuracies from one supernet, without a training of each",
}
NOT_LIMITED = {"flops": "FLOPs", "elementwise": "elementwise (operations)"}
"""Headings of costs that are no objectives."""

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; font-size: 13px } td, th { padding: 2px 10px; text-align: right }
td:last-child, th:last-child { text-align: left; white-space: nowrap } tr:nth-child(even) { background: #f5f5f5 }
"""


def page_of(run: RunRecord, *, published: bool = False) -> str:
    """The page, with plotly inside.

    Args:
        run: what it shows.
        published: overlay what papers report on the same data set.
    """
    config, trials, best = run.config, run.trials, run.best
    title = f"{config.family} on {config.dataset}"
    overlay = published_on(config.published_as, config.measure) if published else None
    info = pareto_info(trials, config=config, best_key=best.key, published=overlay, retrained=run.retrained.rows)
    sections = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(summary(trials, config=config, front=run.front))}</p>",
        f"<p>{escape(noise_text(config, run.front))}</p>",
        pareto_figure(info).to_html(full_html=False, include_plotlyjs=True, default_height="38rem"),
        f"<h2>Best: {escape(best.key)}</h2><p>{escape(best.rule)}</p>",
        front_section(run.front, config),
        two_costs_section(trials, config),
        retrained_section(run.retrained, config),
        failed_section(trials),
    ]
    head = f"<meta charset='utf-8'><title>{escape(title)}</title><style>{STYLE}</style>"
    return f"<!doctype html><html lang='en'><head>{head}</head><body>{''.join(sections)}</body></html>\n"


def summary(trials: pd.DataFrame, *, config: RunConfig, front: Front) -> str:
    """What was searched, and how far it came."""
    states = ", ".join(f"{count} {state}" for state, count in trials["state"].value_counts().items())
    limits = [config.objective_named(name).show(limit) for name, limit in config.all_limits.items()]
    measured = config.measured_text.strip().capitalize() + ". " if config.measured_text else ""
    budget = f", at most {', '.join(limits)}" if limits else ""
    return (
        f"{config.networks:,} networks on {config.backbone} at width {config.width:g}{budget}; "
        f"sampler {config.sampler}, seed {config.seed}; "
        f"{EVALUATED.get(config.evaluator, f'accuracies from {config.evaluator}')}; trials: {states}. "
        f"{measured}"
        f"The front has {len(front.entries)} networks; it dominates {front.hypervolume:.2%} of the box up to "
        f"{config.cost.show(front.reference.cost)} and down to {front.reference.accuracy:.1%} {config.measure.title}."
    )


def noise_text(config: RunConfig, front: Front) -> str:
    """How far to trust a difference between two accuracies."""
    count = config.validation_images
    if not count:
        return "Accuracies are taken as the evaluator gives them."
    title, accuracy = config.measure.title, max(entry.accuracy for entry in front.entries)
    error = f"a standard error of {(accuracy * (1 - accuracy) / count) ** 0.5:.2%}"
    if config.measure is not ACCURACY:
        error = "an error that depends on the images of each class, and is not estimated"
    if front.noise is None:
        return f"{count:,} images give {error}; the noise between seeds was not measured."
    return (
        f"Noise: another seed changes the {title} of the same network by a standard deviation of "
        f"{front.noise.std:.2%} (from {front.noise.pairs} pairs). After one training each, two networks differ at a "
        f"confidence of 95 % where they are {2.8 * front.noise.std:.1%} or more apart. "
        f"The {count:,} validation images add {error}; it is the same for all networks."
    )


def heading(name: str, config: RunConfig) -> str:
    """Of a column with the cost `name`: with its unit, where the name is not that."""
    if name in NOT_LIMITED:
        return NOT_LIMITED[name]
    unit = config.objective_named(name).unit
    return unit if unit.lower() == name else f"{name} ({unit})"


def front_section(front: Front, config: RunConfig) -> str:
    """The networks of the front, by rising cost."""
    expected = "expected" if config.measure is ACCURACY else f"expected {config.measure.title}"
    shown = config.measure.column, TOP5
    table = pd.DataFrame(
        {
            "key": entry.key,
            f"accuracy ({config.evaluator})": f"{entry.accuracy:.2%}",
            **{TITLES[name]: f"{entry.scores[name]:.2%}" for name in shown if name in entry.scores},
            **({} if entry.expected is None else {expected: f"{entry.expected:.2%}"}),
            **{heading(name, config): f"{getattr(entry.cost, name):,.0f}" for name in COSTS},
            **{
                heading(name, config): config.objective_named(name).show(value)
                for name, value in entry.measured.items()
            },
            "architecture": entry.architecture.describe(),
        }
        for entry in front.entries
    )
    return f"<h2>The front</h2>{table.to_html(index=False, border=0)}"


def two_costs_section(trials: pd.DataFrame, config: RunConfig) -> str:
    """The front by OPs beside the front by the run's cost; empty where that is OPs."""
    if config.objective == "ops":
        return ""
    fronts = two_fronts(trials, config.cost, config.measure)
    rows = fronts.rows
    table = pd.DataFrame(
        {
            "on the front by OPs alone": rows["key"],
            config.measure.title: rows["accuracy"].map("{:.2%}".format),
            "OPs": rows["ops"].map("{:,.0f}".format),
            heading(config.objective, config): rows["cost"].map(config.cost.show),
            "times that of": rows["factor"].map("{:.2f}".format),
            "as accurate": rows["instead"],
        }
    )
    shown = table.to_html(index=False, border=0) if len(rows) else ""
    return f"<h2>By OPs and by {escape(config.objective)}</h2><p>{escape(fronts.text(config.cost))}</p>{shown}"


def retrained_section(retrained: Retrained, config: RunConfig) -> str:
    """What networks reached on the full schedule, beside the accuracy that the search gave them; empty if none."""
    rows = retrained.rows
    table = pd.DataFrame(
        {
            "key": rows["key"],
            f"searched ({config.evaluator}, validation)": rows["searched"].map("{:.2%}".format),
            "retrained (validation)": rows["validation"].map("{:.2%}".format),
            "retrained (test)": rows["test"].map("{:.2%}".format),
            heading(config.objective, config): rows["cost"].map(config.cost.show),
            "epochs": rows["epochs"],
            "architecture": rows["architecture"],
        }
    )
    left_out = f"Not shown: {'; '.join(retrained.left_out)}." if retrained.left_out else ""
    parts = [
        table.to_html(index=False, border=0) if len(rows) else "",
        *(f"<p>{escape(text)}</p>" for text in (agreement(rows), left_out) if text),
    ]
    return f"<h2>Retrained</h2>{''.join(parts)}" if any(parts) else ""


def failed_section(trials: pd.DataFrame) -> str:
    """The trials that failed, and why; empty if none."""
    failed = trials.loc[trials["state"] == "failed", ["number", "key", "reason"]]
    return f"<h2>Failed trials</h2>{failed.to_html(index=False, border=0)}" if len(failed) else ""

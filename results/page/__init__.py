"""The page of a report: one file with everything inside; each section is made from the record of a run."""

from html import escape
from pathlib import Path
from typing import Any

from results.caution import caution_text
from results.noise import CONFIDENT
from results.page.choices import choices_section
from results.page.effects import effects_section
from results.page.front import front_section, two_costs_section
from results.page.glossary import glossary
from results.page.header import commands_of, header_of
from results.page.html import LONG, paragraph, script_data
from results.page.networks import networks_of
from results.page.progress import progress_section
from results.page.retrained import retrained_section
from results.page.summary import summary
from results.page.trials import failed_section, settings_section, trials_section
from results.published import published_on
from results.run_record import RunRecord
from results.tables import completed

HERE = Path(__file__).parent
SHARED = "plotly-basic.min.js", "theme.js", "tables.js"
SCRIPTS = "record.js", "front.js", "network.js", "every.js", "report.js"
"""In this order: each has what those before it define."""


def page_of(run: RunRecord, *, published: bool = False, version: str = "") -> str:
    """The page, with plotly inside.

    Args:
        run: what it shows.
        published: overlay what papers report on the same data set.
        version: of the page, where `results.watch` serves it; empty for a file, which asks no server for a newer one.
    """
    config, trials = run.config, run.trials
    overlay = published_on(config.published_as, config.measure) if published else None
    sections = [
        front_section(run, overlay),
        two_costs_section(trials, config),
        choices_section(run.front.entries, config, run.best.key),
        effects_section(trials, config),
        progress_section(trials, config, run.random),
        retrained_section(run.retrained, config, run.curves),
        trials_section(),
        failed_section(trials, run.refused),
        settings_section(trials, config),
    ]
    complete = completed(trials).reset_index(drop=True)
    record = {
        "networks": networks_of(complete, config, run.front.noise, run.shares),
        "shares": run.shares,
        "best": run.best.key,
        "tested": dict(zip(run.retrained.rows["key"], run.retrained.tested)),
        "pareto": [entry.key for entry in run.front.entries],
        "objective": config.objective,
        "measure": config.measure.title,
        "commands": commands_of(run),
        "confident": CONFIDENT,
        "long": LONG,
        "figures": {name: drawn for section in sections for name, drawn in section.figures.items()},
    }
    title = f"{config.family} on {config.dataset}"
    body = [
        header_of(run, title),
        paragraph(caution_text(trials, config), "caution"),
        paragraph(summary(trials, config=config, front=run.front), "note"),
        glossary(),
        *(section.html() for section in sections),
        scripts_of(record, *SCRIPTS),
    ]
    return document(title, "".join(body), version)


def scripts_of(record: Any, *scripts: str) -> str:
    """A record, Plotly, what all pages have, and the scripts beside this file that draw the record with them."""
    code = "".join(f"<script>{_read(name)}</script>" for name in (*SHARED, *scripts))
    return f"{script_data(record)}{code}"


def document(title: str, body: str, version: str = "") -> str:
    """A page with that title and that HTML in it, which needs no other file; arguments as of `page_of`."""
    head = (
        "<meta charset='utf-8'><meta name='viewport' content='width=device-width, initial-scale=1'>"
        "<meta name='color-scheme' content='light dark'>"
        f"<title>{escape(title)}</title><style>{_read('report.css')}</style>"
    )
    watch = f"<script data-version='{escape(version)}'>{_read('watch.js')}</script>" if version else ""
    return f"<!doctype html><html lang='en'><head>{head}</head><body><main>{body}{watch}</main></body></html>\n"


def _read(name: str) -> str:
    """A file beside this one."""
    return (HERE / name).read_text(encoding="utf-8")

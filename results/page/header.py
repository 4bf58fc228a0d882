"""The top of the page: what to take, and the commands for it."""

import shlex
from html import escape

from results.page.html import paragraph
from results.page.recommendation import recommendation_of
from results.run_record import RunRecord


def header_of(run: RunRecord, title: str) -> str:
    """The recommended network in one sentence, then its numbers and commands."""
    config, best = run.config, run.best
    numbers = f"Recommended: {best.key}, {best.rule}. {best.reached:.2%} {config.measure.title} measured"
    numbers += f", {best.expected:.2%} expected" if best.is_smoothed else ""
    numbers += f", {config.cost.show(best.costs[config.objective])}."
    retrain = f"python -m search.retrain {path_of(run)}/best.json"
    return (
        f"<header><p class='title'>{escape(title)}</p><h1>{escape(recommendation_of(run).text(config.objective))}</h1>"
        f"{paragraph(numbers)}{command(retrain)}</header>"
    )


def command(text: str) -> str:
    """A command with a button that copies it."""
    return f"<div class='command'><code>{escape(text)}</code><button type='button' class='copy'>Copy</button></div>"


def commands_of(run: RunRecord) -> list[tuple[str, str, str]]:
    """What retrains, then exports a network of the front: a label, the command before its key, and after it."""
    folder = path_of(run)
    return [
        ("1. train it fully", f"python -m search.retrain {folder}/pareto.json --key ", ""),
        ("2. then export it", f"python -m mobinet.export {folder}/retrain/", " --format c --out network"),
    ]


def path_of(run: RunRecord) -> str:
    """The folder of the run, as a shell takes it."""
    return shlex.quote(str(run.folder))

"""The top of the page: what to take, and the commands for it."""

import shlex
from html import escape

from results.page.html import paragraph
from results.recommendation import recommendation_of
from results.run_record import RunRecord


def header_of(run: RunRecord, title: str) -> str:
    """The recommended network in one sentence, then its numbers and commands."""
    config, best = run.config, run.best
    found = recommendation_of(best, run.trials, run.front, config)
    error = "" if found.error is None else f" ± {found.error:.2%}"
    title_of = config.measure.title
    if found.is_expected:
        accuracy = f"{best.deciding:.2%}{error} {title_of} expected, {best.reached:.2%} measured"
    else:
        accuracy = f"{best.reached:.2%}{error} {title_of} measured"
    numbers = f"Recommended: {best.key}, {best.rule}. {accuracy}, {config.cost.show(best.costs[config.objective])}."
    numbers += " The interval of ± holds the true value at a confidence of 95%." if error else ""
    retrain = f"mobinas retrain {path_of(run)}/best.json"
    return (
        f"<header><p class='title'>{escape(title)}</p><h1>{_unbroken(escape(found.text(config.objective)))}</h1>"
        f"{_unbroken(paragraph(numbers))}{command(retrain)}</header>"
    )


def _unbroken(text: str) -> str:
    """No line ends beside a ±."""
    return text.replace(" ± ", "&nbsp;±&nbsp;")


def command(text: str) -> str:
    """A command with a button that copies it."""
    return f"<div class='command'><code>{escape(text)}</code><button type='button' class='copy'>Copy</button></div>"


def commands_of(run: RunRecord) -> list[tuple[str, str, str]]:
    """What retrains, then exports a network of the front: a label, the command before its key, and after it."""
    folder = path_of(run)
    return [
        ("1. train it fully", f"mobinas retrain {folder}/pareto.json --key ", ""),
        ("2. then export it", f"mobinas export {folder}/retrain/", " --format c --out network"),
    ]


def path_of(run: RunRecord) -> str:
    """The folder of the run, as a shell takes it."""
    return shlex.quote(str(run.folder))

"""What a search says at its end: its front, where its files are, and what to do with the chosen network."""

import shlex
from collections.abc import Sequence

import pandas as pd

from results.caution import caution_text
from results.entry import Entry
from results.front import Front, accuracy_title
from results.hand_designed import Beside, beside_hand_designed, spread
from results.recommendation import recommendation_of
from results.tables import completed
from results.words import counted, folded, short, si
from search.session import Search

SHOWN = 9
"""Networks of the front, at most, below a line with their headings."""


def end_text(search: Search, trials: pd.DataFrame, front: Front, best: Entry, *, skip_broken: bool) -> str:
    """What was found among the trials, and what to do with it."""
    title, count = accuracy_title(front.entries), len(front.entries)
    rows = spread(beside_hand_designed(front, trials, search.config), SHOWN, keep=best.key)
    price = short(search.price(best.architecture), search.objective.unit)
    found = recommendation_of(best, trials, front, search.config)
    verdict = caution_text(trials, search.config) or found.text(search.objective.name)
    thinned = f", {len(rows)} of them above" if count > len(rows) else ""
    return (
        f"{front_text(search, rows, best.key, title)}\n"
        f"front by {title}: {counted(count, 'network')}{thinned}, "
        f"hypervolume {front.hypervolume:.4f}; see {search.folder}/report.html\n"
        f"{luckier_text(trials, best, search.objective.name)}{folded(verdict)}\n"
        f"best.json: {best.key}, {title} {best.deciding:.1%} at {price}; to train it fully:\n"
        f"    {next_command(search, skip_broken=skip_broken)}"
    )


def luckier_text(trials: pd.DataFrame, best: Entry, objective: str) -> str:
    """Why a network that was measured above the chosen one, at no more cost, was not chosen; empty without one."""
    if not best.is_smoothed:
        return ""
    rivals = completed(trials.loc[trials[objective] <= best.costs[objective]])
    first = rivals.loc[rivals[best.measure.column].idxmax()]
    if first["key"] == best.key or first[best.measure.column] <= best.reached:
        return ""
    told = (
        f"{first['key']}, at no more cost, measured higher in one training, {first[best.measure.column]:.1%}; "
        f"from all trainings together {first['expected']:.1%} is expected of it"
    )
    return f"{folded(told)}\n"


def front_text(search: Search, rows: Sequence[Beside], best: str, title: str) -> str:
    """A table: each network and, beside it, the best hand-designed one that costs no more.

    Args:
        search: what found them.
        rows: the networks.
        best: the key of the one that has a star.
        title: of the accuracies.
    """
    wide, unit = max(7, len(title)), len(search.objective.unit)
    lines = [f"  {'the front':<12}  {title:>{wide}}  {'cost':>{8 + unit}}    best hand-designed at no more cost"]
    for row in rows:
        price = search.price(row.entry.architecture)
        star = "*" if row.entry.key == best else " "
        line = f"{star} {row.entry.key}  {row.entry.deciding:{wide}.2%}  {si(price)}{search.objective.unit}    "
        lines.append(line + rival_text(row))
    return "\n".join(lines)


def rival_text(row: Beside) -> str:
    if row.rival_accuracy is None:
        return "none"
    if row.is_rival:
        return f"it is {row.rival}"
    return f"{row.rival_accuracy:.2%} ({100 * (row.entry.deciding - row.rival_accuracy):+.2f} points) {row.rival}"


def next_command(search: Search, *, skip_broken: bool) -> str:
    """The one that trains the chosen network on the full schedule."""
    own = "".join(f" --{flag} {shlex.quote(path)}" for flag, path in search.config.files.items())
    best = shlex.quote(str(search.folder / "best.json"))
    return f"mobinas retrain {best}{own}{' --skip-broken' if skip_broken else ''}"

"""Numbers and sentences as people read them."""

from textwrap import fill

from space.objective import Objective

PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"))


def duration(seconds: float) -> str:
    """In words, with two digits or so: ``14 s``, ``48 min``, ``3 h 20 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 9.5 else f"{seconds:.1g} s"
    minutes = round(seconds / 60)
    hours, rest = divmod(minutes, 60)
    return f"{minutes} min" if minutes < 90 else f"{hours} h {rest} min" if hours < 10 else f"{hours} h"


def counted(number: int, noun: str) -> str:
    """``1 epoch``, ``1,200 epochs``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def folded(sentence: str) -> str:
    """In lines of at most 100 characters, for a terminal; paths and hyphenated names stay whole."""
    return fill(sentence, 100, break_long_words=False, break_on_hyphens=False)


def many(number: int) -> str:
    """``2,246,400``; from a billion on two digits: ``7.3e16``."""
    return f"{number:,}" if number < 1e9 else f"{number:.1e}".replace("e+", "e")


def si(value: float) -> str:
    """Two decimals and a unit prefix, aligned: ``  3.50 k``; whole numbers below 1000 without: ``   850  ``."""
    scale, prefix = next((step for step in PREFIXES if abs(value) >= step[0]), (1, ""))
    decimals = 0 if prefix == "" and float(value).is_integer() else 2
    return f"{value / scale:6.{decimals}f} {prefix or ' '}"


def short(value: float, unit: str) -> str:
    """The same within a line, with its unit: ``3.50 kOPs``, ``850 OPs``."""
    number, _, prefix = si(value).strip().partition(" ")
    return f"{number} {prefix}{unit}"


def tick(cost: float, objective: Objective) -> str:
    """A cost in at most three digits, for axes and narrow columns: ``172k``, ``1.5 ms``."""
    if objective.unit == "s":
        return objective.show(cost)
    rounded = float(f"{cost:.3g}")
    scale, prefix = next(step for step in PREFIXES if rounded >= step[0] or step[0] == 1)
    return f"{rounded / scale:g}{prefix}"

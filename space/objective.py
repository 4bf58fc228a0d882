"""Objectives: the costs that a search can minimise while it maximises accuracy."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor, inf, log10

from space.architecture import Architecture
from space.cost import Cost
from space.errors import InputError

Price = Callable[[Architecture], float]
"""The number of an objective, for a network with a given number of classes."""

TIMES = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
"""Units of a limit."""


class Seconds(float):
    """A latency that was given in a unit of time."""


def read_latency(text: str) -> float:
    """A text such as ``5ms`` or ``800us``, or a number of instructions. Raises ValueError."""
    found = re.fullmatch(r"(\d+\.?\d*(?:e[+-]?\d+)?)(s|ms|us)?", text)
    value = float(found[1]) if found else 0.0
    if not found or not 0 < value < inf:
        raise ValueError(f"{text!r} is not a latency such as 5ms, 800us or, in instructions, 3e6")
    return value if found[2] is None else Seconds(value * SECONDS[found[2]])


@dataclass(frozen=True, kw_only=True)
class Objective:
    """A cost of one network, to be low.

    Args:
        name: its column in ``trials.csv``.
        unit: of its numbers, such as ``OPs``.
        title: of an axis that shows it.
        of: its number, from a network and what was counted of it.
        noun: what the unit counts, where the unit does not say it, such as ``RAM``.
    """

    name: str
    unit: str
    title: str
    of: Callable[[Architecture, Cost], float]
    noun: str = ""

    @property
    def flag(self) -> str:
        """Of its limit."""
        return f"--max-{self.name.replace('_', '-')}"

    @property
    def heading(self) -> str:
        """Of its numbers: the name with the unit, or the unit alone where both are one word."""
        return self.unit if self.unit.lower() == self.name else f"{self.name} ({self.unit})"

    def show(self, value: float) -> str:
        """A number with its unit, for people."""
        if self.unit != "s":
            return f"{value:,.0f} {self.unit}"
        scale, unit = next((step for step in TIMES if value >= step[0]), TIMES[-1])
        return f"{float(f'{value / scale:.3g}'):g} {unit}"

    def show_with_noun(self, value: float) -> str:
        """A number with its unit and noun, so that numbers of several costs can stand side by side."""
        return f"{self.show(value)} of {self.noun}" if self.noun else self.show(value)

    def as_limit(self, value: float) -> str:
        """The least limit, as a flag takes it, that allows `value`: rounded up, seconds to three digits."""
        if self.unit != "s":
            return str(ceil(value))
        scale, unit = next(((scale, unit) for unit, scale in SECONDS.items() if value >= scale), (1e-6, "us"))
        step = 10.0 ** (floor(log10(value / scale)) - 2)
        return f"{ceil(value / scale / step * (1 + 1e-12)) * step:.9g}{unit}"

    def price(self, count: Callable[[Architecture], Cost]) -> Price:
        """This objective of any network, which `count` counts."""
        return lambda network: self.of(network, count(network))


def _not_counted(network: Architecture, counted: Cost) -> float:
    raise InputError("ram and latency need more: cost=mobinet.objectives.objective_of(name, num_classes=...)")


OBJECTIVES = {
    "ops": Objective(name="ops", unit="OPs", title="OPs = FLOPs + BOPs / 64", of=lambda _, counted: counted.ops),
    "bops": Objective(name="bops", unit="BOPs", title="binary operations", of=lambda _, counted: counted.bops),
    "padded_bops": Objective(
        name="padded_bops",
        unit="BOPs",
        title="binary operations, groups padded to 32 channels",
        of=lambda _, counted: counted.padded_bops,
        noun="padded groups",
    ),
    "bytes": Objective(
        name="bytes", unit="B", title="bytes of weights", of=lambda _, counted: counted.bytes, noun="weights"
    ),
    "params": Objective(name="params", unit="parameters", title="parameters", of=lambda _, counted: counted.params),
    "ram": Objective(name="ram", unit="B", title="bytes of working memory, exported as C", of=_not_counted, noun="RAM"),
    "latency": Objective(name="latency", unit="s", title="latency", of=_not_counted),
}
"""By name. The second objective of a search is one of them, and each can be limited."""

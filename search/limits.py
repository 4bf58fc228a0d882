"""The limits of a search: from flags and profiles, and whether networks can keep them."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mobinet.objectives import objective_of
from space import Architecture, InputError, SearchSpace
from space.bounds import extreme
from space.cost import Cost
from space.device_profile import read_profile
from space.objective import OBJECTIVES, Objective, Price, Seconds
from space.prices import Prices

Limits = tuple[tuple[Objective, float], ...]
CLOSE = 1e-6
"""Costs that differ by less are not told apart where the least one is looked for."""


def limits_of(args: argparse.Namespace) -> dict[str, float]:
    """By the name of their objective: those of the flags, else of the device's profile."""
    profile = read_profile(args.device_profile) if args.device_profile else {}
    given = {name: value for name in OBJECTIVES if (value := getattr(args, f"max_{name}")) is not None}
    return {**profile, **given}


def objectives_of(
    cost: str, limits: dict[str, float], *, space: SearchSpace, num_classes: int, latencies: Path | None
) -> tuple[Objective, Limits]:
    """What is minimised, and the limits, its own first. Raises as `mobinet.objectives.objective_of`."""
    names = dict.fromkeys((cost, *limits))
    found = [objective_of(name, num_classes=num_classes, latencies=latencies, space=space) for name in names]
    return found[0], tuple((each, limits[each.name]) for each in found if each.name in limits)


def check_limits(space: SearchSpace, count: Callable[[Architecture], Cost], limits: Limits) -> None:
    """Raises InputError where no network is found within all limits, or one is not in the unit of its cost."""
    limited = [_Limit(objective=each, price=each.price(count), highest=limit) for each, limit in limits]
    for each in limited:
        if each.objective.name == "latency":
            _check_unit(each.highest, each.objective)
        least = each.price(extreme(space, each.price))
        if least > each.highest:
            flag = f"{each.objective.flag} to {each.objective.as_limit(least)}"
            text = f"every network of this space costs at least {each.objective.show_with_noun(least)}"
            raise InputError(f"{text}; raise {flag}, or take a smaller --width or smaller images")
    if len(limited) > 1 and _within(space, limited, lambda _: 0.0) is None:
        flags = " and ".join(each.objective.flag for each in limited)
        raised = [
            f"{each.objective.flag} {each.objective.as_limit(least)}"
            for each in limited
            if (least := _least(space, each, [other for other in limited if other is not each])) is not None
        ]
        instead = f"a network fits with {' or with '.join(raised)}" if raised else "raise them"
        raise InputError(f"no network was found within {flags} together; {instead}")


@dataclass(frozen=True, kw_only=True, eq=False)
class _Limit:
    objective: Objective
    price: Price
    highest: float


def _least(space: SearchSpace, cheap: _Limit, limits: list[_Limit]) -> float | None:
    """The least cost of a network within the `limits`, as far as it is found; None where none is within them."""
    least = None
    while (network := _within(space, limits, cheap.price, below=least)) is not None:
        least = cheap.price(network)
    return least


def _within(
    space: SearchSpace, limits: list[_Limit], price: Price, *, below: float | None = None
) -> Architecture | None:
    """A network within the `limits` whose `price` is `below` that of another, if there is one."""
    budget = None if below is None else below * (1 - CLOSE)
    networks = Prices(space, price, budget, tuple((each.price, each.highest) for each in limits)).affordable()
    return next((n for n in networks if all(each.price(n) <= each.highest for each in limits)), None)


def _check_unit(limit: float, latency: Objective) -> None:
    if isinstance(limit, Seconds) and latency.unit != "s":
        raise InputError(f"the table is of {latency.title}; give --max-latency as a number of instructions")
    if not isinstance(limit, Seconds) and latency.unit == "s":
        raise InputError(f"the table is of {latency.title}; give --max-latency a unit, as in 5ms or 800us")

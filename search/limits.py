"""The limits of a search: from flags and profiles, and whether networks can keep them."""

import argparse
from collections.abc import Callable
from pathlib import Path

from mobinet.objectives import objective_of
from space import Architecture, InputError, SearchSpace
from space.bounds import extreme
from space.cost import Cost
from space.device_profile import read_profile
from space.objective import OBJECTIVES, Objective, Seconds
from space.prices import Prices

Limits = tuple[tuple[Objective, float], ...]


def limits_of(args: argparse.Namespace) -> dict[str, float]:
    """By the name of their objective: those of the flags, else of the device's profile."""
    profile = read_profile(args.device_profile) if args.device_profile else {}
    given = {name: value for name in OBJECTIVES if (value := getattr(args, f"max_{name}")) is not None}
    return {**profile, **given}


def objectives_of(
    cost: str, limits: dict[str, float], *, num_classes: int, latencies: Path | None
) -> tuple[Objective, Limits]:
    """What is minimised, and the limits of the other costs. Raises as `mobinet.objectives.objective_of`."""
    names = cost, *(name for name in limits if name != cost)
    objective, *others = (objective_of(name, num_classes=num_classes, latencies=latencies) for name in names)
    return objective, tuple((other, limits[other.name]) for other in others)


def check_limits(space: SearchSpace, count: Callable[[Architecture], Cost], limits: Limits) -> None:
    """Raises InputError where no network is found within all limits, or one is not in the unit of its cost."""
    limited = [(each, each.price(count), limit) for each, limit in limits]
    for each, price, limit in limited:
        if each.name == "latency":
            _check_unit(limit, each)
        least = price(extreme(space, price))
        if least > limit:
            raise InputError(f"every network of this space costs at least {each.show(least)}; raise {each.flag}")
    if len(limited) < 2:
        return
    prices = Prices(space, lambda _: 0.0, None, tuple((price, limit) for _, price, limit in limited))
    if not any(all(price(network) <= limit for _, price, limit in limited) for network in prices.affordable()):
        flags = " and ".join(each.flag for each, _, _ in limited)
        raise InputError(f"no network was found within {flags} together; raise one of them")


def _check_unit(limit: float, latency: Objective) -> None:
    if isinstance(limit, Seconds) and latency.unit != "s":
        raise InputError(f"the table is of {latency.title}; give --max-latency as a number of instructions")
    if not isinstance(limit, Seconds) and latency.unit == "s":
        raise InputError(f"the table is of {latency.title}; give --max-latency a unit, as in 5ms or 800us")

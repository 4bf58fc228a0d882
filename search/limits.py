"""The limits of a search: from flags and profiles, and whether networks can keep them."""

import argparse
from collections.abc import Callable
from itertools import islice

from space import Architecture, InputError, SearchSpace
from space.bounds import affordable, extreme
from space.cost import Cost
from space.device_profile import read_profile
from space.objective import OBJECTIVES, Objective, Seconds
from space.prices import Prices

MOST_TRIED = 2000
"""Networks of which one has to be within the limits of costs that do not add up."""


def limits_of(args: argparse.Namespace) -> dict[str, float]:
    """By the name of their objective: those of the flags, else of the device's profile."""
    profile = read_profile(args.device_profile) if args.device_profile else {}
    given = {name: value for name in OBJECTIVES if (value := getattr(args, f"max_{name}")) is not None}
    return {**profile, **given}


def check_unit(limit: float | None, latency: Objective | None) -> None:
    """Raises InputError where a limit is in seconds, and the latencies are not, or the reverse."""
    if limit is None or latency is None:
        return
    if isinstance(limit, Seconds) and latency.unit != "s":
        raise InputError(f"the table is of {latency.title}; give --max-latency as a number of instructions")
    if not isinstance(limit, Seconds) and latency.unit == "s":
        raise InputError(
            f"the latencies are in seconds ({latency.title}); give --max-latency a unit, as in 5ms or 800us"
        )


def check_limits(
    space: SearchSpace, count: Callable[[Architecture], Cost], limits: tuple[tuple[Objective, float | None], ...]
) -> None:
    """Raises InputError where no network is found within all limits."""
    limited = [(each, each.price(count), limit) for each, limit in limits if limit is not None]
    for each, price, limit in limited:
        least = price(extreme(space, price))
        if least > limit:
            raise InputError(f"every network of this space costs at least {each.show(least)}; raise {each.flag}")
    if len(limited) < 2:
        return
    (_, first, highest), *others = sorted(limited, key=lambda item: not Prices(space, item[1], None).adds_up)
    adding = [(price, limit) for _, price, limit in others if Prices(space, price, None).adds_up]
    networks = islice(affordable(space, first, highest, adding), MOST_TRIED)
    if not any(all(price(network) <= limit for _, price, limit in limited) for network in networks):
        flags = " and ".join(each.flag for each, _, _ in limited)
        raise InputError(f"no network was found within {flags} together; raise one of them")

"""The costs that a search can minimise or limit, each with its number for any network."""

from dataclasses import replace
from pathlib import Path

from space import Architecture, SearchSpace
from space.cost import Cost
from space.objective import OBJECTIVES, Objective


def objective_of(
    name: str, *, num_classes: int, latencies: Path | None = None, space: SearchSpace | None = None
) -> Objective:
    """The objective called `name`.

    Args:
        num_classes: of the networks.
        latencies: the table that `python -m mobinet.latency` wrote, for the latency.
        space: of the networks; it is needed where the table holds several of one backbone and width.

    Raises:
        InputError: the table is missing or damaged.
    """
    objective = OBJECTIVES[name]
    if name == "ram":
        from mobinet.export.memory import ram

        def memory(network: Architecture, _: Cost) -> float:
            return ram(network, num_classes)

        return replace(objective, of=memory)
    if name == "latency":
        from mobinet.latency.table import UNITS, pieces_digest, read_table

        table = read_table(latencies)
        pieces = pieces_digest(space, num_classes) if space else ""
        return replace(
            objective,
            unit=UNITS[table.unit],
            title=table.title,
            of=lambda network, _: table.latency(network, num_classes, pieces),
        )
    return objective

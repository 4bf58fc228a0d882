"""Objectives: the costs that a search can minimise while it maximises accuracy."""

from collections.abc import Callable
from dataclasses import dataclass

from space.architecture import Architecture
from space.cost import Cost

Price = Callable[[Architecture], float]
"""The number of an objective, for a network with a given number of classes."""


@dataclass(frozen=True, kw_only=True)
class Objective:
    """A cost of one network, to be low.

    Args:
        name: its column in ``trials.csv``.
        unit: of its numbers, such as ``OPs``.
        title: of an axis that shows it.
        of: its number, from a network and what was counted of it.
        known: whether the number is known before the network is trained.
    """

    name: str
    unit: str
    title: str
    of: Callable[[Architecture, Cost], float]
    known: bool = True

    def price(self, count: Callable[[Architecture], Cost]) -> Price:
        """This objective of any network, which `count` counts."""
        return lambda network: self.of(network, count(network))


OBJECTIVES = {
    "ops": Objective(name="ops", unit="OPs", title="OPs = FLOPs + BOPs / 64", of=lambda _, counted: counted.ops),
}
"""By name. The second objective of a search is one of them."""

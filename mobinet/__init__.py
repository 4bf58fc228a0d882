"""The networks: built, counted, packed to one bit."""

from mobinet.cost import Cost, cost
from mobinet.packing import load_packed
from mobinet.part import build

__all__ = ["Cost", "build", "cost", "load_packed"]

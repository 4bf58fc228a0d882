"""The networks: built, counted, packed to one bit."""

from mobinet.cost import cost
from mobinet.export.packed import load_packed
from mobinet.part import build
from space.cost import Cost

__all__ = ["Cost", "build", "cost", "load_packed"]

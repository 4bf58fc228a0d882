"""The networks: built, counted, packed to one bit."""

from mobinet.classifier import Classifier, load_packed
from mobinet.cost import cost
from mobinet.part import build
from space.cost import Cost

__all__ = ["Classifier", "Cost", "build", "cost", "load_packed"]

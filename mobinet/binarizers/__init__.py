"""The ways to binarize, by name: one small file each."""

from mobinet.binarizers.base import Binarizer
from mobinet.binarizers.xnor import XNOR

BINARIZERS: dict[str, type[Binarizer]] = {"xnor": XNOR}

__all__ = ["BINARIZERS", "Binarizer"]

"""The ways to binarize, by name: one small file each."""

from mobinet.binarizers.approxsign import ApproxSign
from mobinet.binarizers.base import Binarizer
from mobinet.binarizers.react import React
from mobinet.binarizers.ste import STE, MeliusSTE
from mobinet.binarizers.trained import Trained
from mobinet.binarizers.xnor import XNOR

BINARIZERS: dict[str, type[Binarizer]] = {
    "xnor": XNOR,
    "ste": STE,
    "melius": MeliusSTE,
    "approxsign": ApproxSign,
    "trained": Trained,
    "react": React,
}

__all__ = ["BINARIZERS", "Binarizer"]

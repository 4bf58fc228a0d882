"""The ways to binarize, one small file each; `space.binarizers.BINARIZERS` names them."""

from importlib import import_module

from mobinet.binarizers.base import Binarizer
from space import binarizers

__all__ = ["BINARIZERS", "Binarizer"]


def _load(place: str) -> type[Binarizer]:
    module, _, name = place.partition(":")
    return getattr(import_module(f"{__name__}.{module}"), name)


BINARIZERS = {name: _load(place) for name, place in binarizers.BINARIZERS.items()}
"""The classes by their names."""

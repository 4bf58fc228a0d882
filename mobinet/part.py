"""A network is a chain of parts. A part is what a configuration needs to build and count one stretch of it."""

import importlib
from abc import ABC, abstractmethod
from collections import OrderedDict
from dataclasses import dataclass

from torch import Tensor, nn

from space import Architecture
from space.own_file import own_part


@dataclass(frozen=True, kw_only=True)
class Part(ABC):
    """One stretch of a network. Frozen and hashable, so that equal parts are counted once."""

    name: str = ""

    def pieces(self) -> tuple["Part", ...]:
        """What to count one by one."""
        return (self,)

    @abstractmethod
    def build(self) -> nn.Module:
        """A new module, initialised from torch's random state."""

    def shared_as(self) -> "Part":
        """What parts have in common that share their weights in a supernet; by default only equal ones do."""
        return self

    def largest_first(self) -> int:
        """The place of a part among those that share: the first has the weights, the others take some of them."""
        return 0

    def cut(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """This part's parameters and buffers, by name, from those of the largest that it shares with."""
        return tensors


class Chain(Part):
    """A part made of pieces, one behind the other."""

    @abstractmethod
    def pieces(self) -> tuple[Part, ...]:
        """The parts it is made of; counted one by one, so that a piece is counted once for many networks."""

    def build(self) -> nn.Sequential:
        return nn.Sequential(*(piece.build() for piece in self.pieces()))


def parts_of(architecture: Architecture, num_classes: int) -> tuple[Part, ...]:
    """The parts of a network, in order; each one's output is the next one's input."""
    if own := own_part(architecture.family, "parts"):
        return own(architecture, num_classes)
    family = importlib.import_module(f"mobinet.families.{architecture.family.replace('-', '_')}")
    return family.parts(architecture, num_classes)


def build(architecture: Architecture, num_classes: int) -> nn.Sequential:
    """The network, (N, C, H, W) -> (N, num_classes) with (C, H, W) = `architecture.input_shape`.

    Weights come from torch's random state: seed it (inside ``torch.random.fork_rng``) to repeat them.
    """
    return nn.Sequential(OrderedDict((part.name, part.build()) for part in parts_of(architecture, num_classes)))

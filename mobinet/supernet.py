"""The supernet: one set of weights that every network of a space shares.

Guo et al., "Single Path One-Shot Neural Architecture Search with Uniform Sampling", ECCV 2020, arXiv 1904.00420; for
binary MobileNets: Phan et al., "Binarizing MobileNet via Evolution-based Searching", CVPR 2020, arXiv 2005.06305.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterator
from functools import cache
from itertools import chain, product

from torch import Tensor, nn
from torch.func import functional_call

from mobinet.part import Chain, Part, parts_of
from mobinet.random_state import random_state_kept
from space import Architecture, InputError, SearchSpace
from space.family import family_names, find_family
from space.shares import ways_to

Name = tuple[str, Part, int]
"""The layer, the piece but for its K, and its place among the pieces of that layer which are alike."""


class Supernet(nn.Module):
    """Holds every piece that the networks of `space` are made of, once.

    Pieces of one layer share their weights where they are alike but for K: the tensor is that of the largest K, and a
    smaller one takes the blocks on its diagonal (group slicing, as in NAS-BNN, Lin et al. 2024). So blocks share their
    1x1 convolutions: the n-th of a shape is the same in all of them. Poolings have no weights. Running statistics mean
    nothing here: they belong to one path, and have to be measured for it.

    Args:
        space: whose networks are paths.
        num_classes: of every path.

    Raises:
        InputError: its layers depend on each other.
    """

    def __init__(self, space: SearchSpace, num_classes: int) -> None:
        super().__init__()
        require_supernet(space)
        self.num_classes = num_classes
        largest: dict[Name, Part] = {}
        for part in _all_parts(space, num_classes):
            for name, piece in _named_pieces(part):
                largest[name] = min(largest.get(name, piece), piece, key=lambda piece: piece.largest_first())
        self._index = {name: index for index, name in enumerate(largest)}
        self._largest = tuple(largest.values())
        self.pieces = nn.ModuleList(piece.build() for piece in largest.values())
        self._copies: dict[tuple[Name, Part], nn.Module] = {}

    def forward(self, x: Tensor, path: Architecture) -> Tensor:
        """What the network `path` with these weights computes, (N, C, H, W) -> (N, num_classes)."""
        for part in parts_of(path, self.num_classes):
            for name, piece in _named_pieces(part):
                index = self._index[name]
                if piece == self._largest[index]:
                    x = self.pieces[index](x)
                else:
                    x = functional_call(_hollow(piece), self._tensors(index, piece), (x,))
        return x

    def extract(self, path: Architecture) -> nn.Sequential:
        """The network `path` with a copy of these weights, its parts named as in `build`.

        A piece is copied when it is first extracted; afterwards all networks that have it share it, and its running
        statistics.
        """
        parts = OrderedDict()
        for part in parts_of(path, self.num_classes):
            pieces = [self._copy(name, piece) for name, piece in _named_pieces(part)]
            parts[part.name] = nn.Sequential(*pieces) if isinstance(part, Chain) else pieces[0]
        return nn.Sequential(parts)

    def _copy(self, name: Name, piece: Part) -> nn.Module:
        if (name, piece) not in self._copies:
            copy = self._copies[name, piece] = piece.build().to(next(self.parameters()).device)
            copy.load_state_dict(self._tensors(self._index[name], piece))
        return self._copies[name, piece]

    def _tensors(self, index: int, piece: Part) -> dict[str, Tensor]:
        """Parameters and buffers of `piece` by their names in it."""
        shared = self.pieces[index]
        tensors = {**dict(shared.named_parameters()), **dict(shared.named_buffers())}
        return piece.cut(tensors)


def require_supernet(space: SearchSpace) -> None:
    """Raises InputError where no supernet can hold `space`."""
    family = find_family(space.family)
    if not family.layers_are_independent:
        able = ", ".join(name for name in family_names() if find_family(name).layers_are_independent)
        raise InputError(f"there is no supernet of {space.family}; use one of {able}")
    for gene in space.genes:
        if gene.kind in family.coupling and len(gene.choices) > 1:
            raise InputError(f"there is no supernet of a space with a choice of {gene.kind}; leave {gene.name} out")


def _all_parts(space: SearchSpace, num_classes: int) -> Iterator[Part]:
    """The parts of networks that between them hold every choice of every layer."""
    first = space.first_choices
    ways, steps, options = ways_to(space, first), space.chain.steps, space.chain.options
    layers: dict[str, list[int]] = {}
    for number, group in enumerate(space.chain.groups):
        layers.setdefault(group[0].layer, []).append(number)
    for whole in product(*(options[number] for number in layers.pop("", []))):
        for numbers in layers.values():
            before = [way for state, way in ways[numbers[0]].items() if () not in steps[numbers[0]][state]]
            for way, *own in product(before, *(options[number] for number in numbers)):
                network = space.architecture(first | dict((*way, *chain(*whole, *own))))
                yield from parts_of(network, num_classes)


def _named_pieces(part: Part) -> Iterator[tuple[Name, Part]]:
    """The pieces of a part, each with the name of the weights it shares."""
    seen: Counter[Part] = Counter()
    for piece in part.pieces():
        kind = piece.shared_as()
        yield (part.name, kind, seen[kind]), piece
        seen[kind] += 1


@cache
def _hollow(piece: Part) -> nn.Module:
    """A piece whose tensors are to be put in at each call."""
    with random_state_kept():
        return piece.build().to("meta")

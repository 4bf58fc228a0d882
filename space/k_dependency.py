"""K, the dependency of channels: 2^K of them see each other in a 3x3 (MoBiNet, WACV 2020)."""

from functools import cache

from space.gene import Choices, Gene, number

LARGEST_K = 16
K = "k"
"""The kind of the gene."""


def legal_k(*channels: int) -> tuple[int, ...]:
    """Every K whose groups divide each number of channels, or are all of them."""
    return tuple(k for k in range(LARGEST_K + 1) if all(2**k >= count or count % 2**k == 0 for count in channels))


def k_gene(layer: str, *channels: int, largest: int = LARGEST_K, alone: bool = False) -> Gene:
    """The K of a layer whose 3x3 runs on one of these numbers of channels, up to `largest` or the dense convolution."""
    legal = legal_k(*channels)
    dense = next((k for k in legal if 2**k >= max(channels)), LARGEST_K)
    return Gene(
        name=f"{layer}.{K}",
        choices=tuple(k for k in legal if k <= min(largest, dense)),
        legal=legal,
        aliases={k: dense for k in legal if k > dense},
        alone=alone,
    )


def channels_per_group(k: int, channels: int) -> int:
    """Those that see each other in a 3x3 on so many channels: all, where groups of 2^K do not divide them."""
    return 2**k if channels % 2**k == 0 else channels


@cache
def smallest_alike(k: int, channels: int, legal: tuple[int, ...]) -> int:
    """The first legal K that makes the same convolution."""
    members = channels_per_group(k, channels)
    return next(other for other in legal if channels_per_group(other, channels) == members)


def k_of(choices: Choices, layer: str) -> int:
    """The K of a layer."""
    return number(choices, f"{layer}.{K}")

"""One network as a row of boxes, from its input to its output."""

from collections.abc import Container, Mapping
from dataclasses import dataclass

from space import Architecture
from space.family import find_family, genes_of


@dataclass(frozen=True, kw_only=True)
class Box:
    """A part of a network.

    Args:
        name: of the layer or the part; empty for choices of the whole network.
        words: its choices, such as ``mid`` and ``K 3``.
        block: the order of its convolutions; empty where it is no such layer.
        pool: how it is pooled; empty where it is not.
        channels: that leave it; None where the family does not say.
        share: of the network's OPs, 0 to 1; None where it is not known.
    """

    name: str
    words: tuple[str, ...] = ()
    block: str = ""
    pool: str = ""
    channels: int | None = None
    share: float | None = None


def boxes_of(network: Architecture, shares: Mapping[str, float], varied: Container[str] = ()) -> list[Box]:
    """The boxes of a network, in its order.

    Args:
        network: to be shown.
        shares: of the OPs of its parts, by their names; parts that have none of them are left out.
        varied: names of genes that a search varied: of other kinds than block, K and pooling, only these are told.
    """
    choices: dict[str, dict[str, str]] = {}
    for name, gene in genes_of(network.family, network.backbone, network.width).items():
        choice = network.effective.get(name)
        if choice is not None and (gene.kind in ("block", "k", "pool") or name in varied):
            choices.setdefault(gene.layer, {})[gene.kind] = str(choice)
    channels = find_family(network.family).channels(network.backbone, network.width, network.effective)
    names = _in_order([name for name in choices if name not in shares], [*shares])
    boxes = (_box(name, choices.get(name, {}), channels.get(name), shares.get(name)) for name in names)
    return [box for box in boxes if box.words or box.channels or box.share]


def _in_order(layers: list[str], parts: list[str]) -> list[str]:
    """Each part, behind it the layers that are called after it, such as ``stage0-block1``; other layers first."""
    behind = {part: [layer for layer in layers if layer.startswith(f"{part}-")] for part in parts}
    placed = {layer for found in behind.values() for layer in found}
    others = [layer for layer in layers if layer not in placed]
    return others + [name for part, found in behind.items() for name in (part, *found)]


def _box(name: str, taken: Mapping[str, str], channels: int | None, share: float | None) -> Box:
    titles = {"block": "", "k": "K "}
    return Box(
        name=name,
        words=tuple(f"{titles.get(kind, f'{kind} ')}{choice}" for kind, choice in taken.items() if kind != "pool"),
        block=taken.get("block", ""),
        pool=taken.get("pool", ""),
        channels=channels,
        share=share,
    )

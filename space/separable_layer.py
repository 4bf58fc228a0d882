"""What is chosen in one separable layer of a binary MobileNet."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class LayerChoice:
    """The choices of one layer.

    Args:
        block: how its three convolutions are ordered.
        k: log2 of the channels that see each other in its 3x3.
        pool: its pooling; None only where the layer does not downsample.
        binarizer: of its three convolutions.
        kernel: height and width of the grouped one.
    """

    block: str
    k: int
    pool: str | None
    binarizer: str
    kernel: int = 3

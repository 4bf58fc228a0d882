"""What a network costs, in numbers; `mobinet.cost` counts them."""

from dataclasses import asdict, dataclass, fields

BINARY_PER_FLOAT = 64


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one image costs, and what the weights take.

    Args:
        flops: float multiply-accumulates of convolutions and linear layers.
        bops: binary multiply-accumulates.
        padded_bops: binary ones with the input channels per group rounded up to a 32-bit word, as packed runtimes
            execute them.
        elementwise: batch norms, activations and additions (one per output element) and poolings (one per input
            element).
        params: trained values, each binary weight one.
        bytes: what the packed weights take: 1 bit a binary weight (each layer rounded up to whole bytes), a float32
            for each scale and for each other parameter or running statistic.
    """

    flops: int = 0
    bops: int = 0
    padded_bops: int = 0
    elementwise: int = 0
    params: int = 0
    bytes: int = 0

    @property
    def ops(self) -> float:
        """flops + bops / 64."""
        return self.flops + self.bops / BINARY_PER_FLOAT

    def to_dict(self) -> dict[str, float]:
        """Every number by its name, `ops` last."""
        return {**asdict(self), "ops": self.ops}

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(Cost)})


COSTS = ("ops", *(field.name for field in fields(Cost)))
"""The names of all numbers, in the order of columns."""

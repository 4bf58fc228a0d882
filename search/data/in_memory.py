"""Images held in memory."""

from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from search.data.preparation import WHOLE, Part, Preparation
from search.data.split import Batches, Split, _chunks, _order


@dataclass(frozen=True, kw_only=True)
class Images(Split):
    """Images held in memory, and on every device that asked for them.

    Args:
        pixels: uint8 (N, c, h, w).
        labels: int64 (N,).
    """

    pixels: Tensor
    labels: Tensor
    preparation: Preparation
    _copies: dict[torch.device, tuple[Tensor, Tensor]] = field(
        init=False, default_factory=dict, repr=False, compare=False
    )

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, count: int | None) -> "Images":
        return replace(self, pixels=self.pixels[:count], labels=self.labels[:count])

    def stored(
        self, batch_size: int, generator: torch.Generator | None, device: torch.device, part: Part = WHOLE
    ) -> Batches:
        if device not in self._copies:
            self._copies[device] = self.pixels.to(device), self.labels.to(device)
        pixels, labels = self._copies[device]
        order = _order(len(self), generator).to(device)
        for index in _chunks(order, batch_size, part, training=generator is not None):
            yield pixels[index], labels[index]

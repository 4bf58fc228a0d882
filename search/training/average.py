"""The average of a network's weights over its training."""

import copy
from typing import Any

import torch
from torch import Tensor, nn


class WeightAverage:
    """An exponential moving average of weights and of running statistics, beside the network that is trained.

    kept <- kept + max(1 - decay, 1 / n) (weight - kept) after step n: until 1 / (1 - decay) steps were made it is the
    plain mean of all, so that it soon forgets the weights that the training began with. Of a binary convolution the
    latent weights are averaged, and the network that is kept has the signs of their average.

    Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging", 1992.

    Args:
        net: whose weights stay where they are in memory.
        decay: in 0..1.
    """

    def __init__(self, net: nn.Module, decay: float) -> None:
        self.net = copy.deepcopy(net).requires_grad_(False)
        self.decay = decay
        self._pairs = tuple(zip(self.net.state_dict().values(), net.state_dict().values()))
        self._steps = torch.zeros((), device=self._pairs[0][0].device)

    @torch.no_grad()
    def update(self) -> None:
        """Take in the weights as they are after a step; it waits for nothing, and can be part of a CUDA graph."""
        self._steps += 1
        weight = (1 / self._steps).clamp(min=1 - self.decay)
        for kept, new in self._pairs:
            if kept.is_floating_point():
                kept.lerp_(new, weight)
            else:
                kept.copy_(new)

    def statistics(self) -> list[Tensor]:
        """The running statistics."""
        return [value for value in self.net.buffers() if value.is_floating_point()]

    def state_dict(self) -> dict[str, Any]:
        return {"net": self.net.state_dict(), "steps": self._steps}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.net.load_state_dict(state["net"])
        self._steps.copy_(state["steps"])

"""Optimizers for networks of many small parameters."""

from collections.abc import Callable
from inspect import unwrap
from typing import Any

import torch
from torch import nn
from torch.nn.utils import parameters_to_vector

MOMENTUM = 0.9


class Flat(torch.optim.Optimizer):
    """An optimizer that moves the parameters of each group into one memory, to step on one tensor instead of many.

    A parameter that has no gradient counts as one whose gradient is zero. Hooks on its steps are not called.

    Args:
        groups: of parameters, with settings of their own, as any optimizer takes them; empty ones are left out.
        settings: of the optimizer in `torch.optim` that this is mixed into.
    """

    # Around them torch puts what is of use to torch.compile only, and loads it, which takes seconds.
    add_param_group = unwrap(torch.optim.Optimizer.add_param_group)
    state_dict = unwrap(torch.optim.Optimizer.state_dict)
    load_state_dict = unwrap(torch.optim.Optimizer.load_state_dict)

    def __init__(self, groups: list[dict[str, Any]], **settings: Any) -> None:
        groups = [group for group in groups if group["params"]]
        self._members = [group["params"] for group in groups]
        flats = [nn.Parameter(parameters_to_vector(members).detach()) for members in self._members]
        super().__init__([{**group, "params": [flat]} for group, flat in zip(groups, flats)], **settings)
        for members, flat in zip(self._members, flats):
            for parameter, place in zip(members, flat.data.split([parameter.numel() for parameter in members])):
                parameter.data = place.view_as(parameter)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Step on the gradients of the parameters; `closure` is called before, if there is one."""
        loss = None if closure is None else torch.enable_grad()(closure)()
        for members, group in zip(self._members, self.param_groups):
            gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in members]
            group["params"][0].grad = torch.cat([gradient.flatten() for gradient in gradients])
        unwrap(super().step)(self)
        return loss

    def zero_grad(self, set_to_none: bool = True) -> None:
        for members in self._members:
            for parameter in members:
                parameter.grad = None


class FlatAdam(Flat, torch.optim.Adam):
    """Adam; settings as in torch.optim.Adam."""


class FlatSGD(Flat, torch.optim.SGD):
    """Stochastic gradient descent with Nesterov's momentum of 0.9.

    Args:
        groups: see `Flat`.
        capturable: nothing; SGD can always be part of a CUDA graph.
        settings: as in torch.optim.SGD.
    """

    def __init__(self, groups: list[dict[str, Any]], *, capturable: bool = False, **settings: Any) -> None:
        super().__init__(groups, momentum=MOMENTUM, nesterov=True, **settings)


FLAT = {"adam": FlatAdam, "sgd": FlatSGD}
"""By the names in `search.recipe.OPTIMIZERS`."""

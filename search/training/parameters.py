"""Which parameters of a network an L2 penalty holds."""

from typing import Any

from torch import nn

from mobinet.binarizers import Binarizer
from mobinet.conv import BinaryConv2d
from search.recipe import Recipe


def parameter_groups(net: nn.Module, recipe: Recipe, *, float_weights: bool) -> list[dict[str, Any]]:
    """The parameters as an optimizer takes them: those without a penalty, scales of weights, weights.

    Args:
        net: whose.
        recipe: how it is trained.
        float_weights: whether this is the first of two steps, in which no scale of weights is used.
    """
    decay, scale_decay = recipe.weight_decay, recipe.scale_decay
    if float_weights:
        decay, scale_decay = recipe.first_weight_decay, 0.0
    modules = list(net.modules())
    scales = [scale for m in modules if isinstance(m, Binarizer) for scale in m.weight_scales()]
    weights = [m.weight for m in modules if isinstance(m, nn.Conv2d | nn.Linear | BinaryConv2d)] if decay else []
    held = {id(parameter) for parameter in (*scales, *weights)}
    return [
        {"params": [parameter for parameter in net.parameters() if id(parameter) not in held]},
        {"params": scales, "weight_decay": scale_decay},
        {"params": weights, "weight_decay": decay},
    ]

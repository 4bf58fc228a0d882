"""The binary weights of all convolutions of a network, made before a step by one kernel instead of one for each."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from mobinet.conv import BinaryConv2d
from mobinet.fused.coverage import weight_rule
from mobinet.fused.dispatch import kernels
from mobinet.fused.settings import settings
from mobinet.fused.spec import WeightRule

WORD = 8
"""Convolutions with a multiple of so many weights come first, so that each begins at 16 bytes, as GPUs want it."""


class BinaryWeights:
    """The binary weights of a network on CUDA.

    None are made on other devices, nor where a binarizer has a way of its own: there each convolution makes its own.

    Args:
        net: must stay on its device, and keep its latent weights.
        module: the kernels to use in place of the device's.
    """

    def __init__(self, net: nn.Module, module: ModuleType | None = None) -> None:
        alike: dict[WeightRule, list[BinaryConv2d]] = defaultdict(list)
        for conv in net.modules():
            if isinstance(conv, BinaryConv2d) and conv.scale is None and not conv.float_weights:
                rule = weight_rule(conv.binarizer)
                if rule and (module or conv.weight.device.type == "cuda"):
                    alike[rule].append(conv)
        module = module or (kernels("cuda") if alike else None)
        self._groups = [_Group(rule, convs, module) for rule, convs in alike.items()] if module else []

    @contextmanager
    def made(self) -> Iterator[None]:
        """Within it the convolutions compute with binary weights made here, through which gradients flow."""
        groups = self._groups if settings.enabled else []
        for group in groups:
            group.make()
        try:
            yield
        finally:
            for group in groups:
                group.drop()


class _Group:
    """Convolutions whose weights are binarised alike."""

    def __init__(self, rule: WeightRule, convs: list[BinaryConv2d], module: ModuleType) -> None:
        self.rule, self.module = rule, module
        self._convs = sorted(convs, key=lambda conv: conv.weight.numel() % WORD > 0)
        self.joined = module.Joined([conv.weight for conv in self._convs])

    def make(self) -> None:
        binary = _Binarised.apply(self, *(conv.weight for conv in self._convs))
        for conv, weight in zip(self._convs, binary):
            conv.binary = weight

    def drop(self) -> None:
        for conv in self._convs:
            conv.binary = None


class _Binarised(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, group: _Group, *weights: Tensor) -> tuple[Tensor, ...]:
        latent, device = group.joined.join(weights), weights[0].device.type
        dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else latent.dtype
        binary, alphas = group.module.binarised(latent, group.rule, dtype, group.joined.table)
        ctx.save_for_backward(latent, alphas)
        ctx.group = group
        return tuple(group.joined.channels_last(binary))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        group = ctx.group
        gradient = group.joined.join(gradient.permute(0, 2, 3, 1) for gradient in gradients)
        found = group.module.latent_gradient_of(gradient, *ctx.saved_tensors, group.rule, group.joined.table)
        return None, *group.joined.latent(found)

"""What a network costs, counted by fvcore.

Convention of MoBiNet and Bi-Real Net: OPs = float multiply-accumulates + binary ones / 64, over convolutions and
linear layers. What is left out of OPs is counted apart as `elementwise`.
"""

import warnings
from dataclasses import replace
from functools import cache, lru_cache
from math import ceil

import torch
from torch import Tensor, nn

from mobinet.conv import BinaryConv2d
from mobinet.part import Part, parts_of
from mobinet.random_state import random_state_kept
from space import Architecture
from space.cost import Cost

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message=".*torch.jit.script.* is deprecated", category=FutureWarning)
    from fvcore.nn import FlopCountAnalysis
    from fvcore.nn.jit_handles import elementwise_flop_counter

WORD_BITS = 32

_MACS = ("conv", "linear", "addmm", "matmul")
_PER_OUTPUT, _PER_INPUT = elementwise_flop_counter(0, 1), elementwise_flop_counter(1, 0)
_ELEMENTWISE = {
    **dict.fromkeys(("aten::batch_norm", "aten::prelu", "aten::relu", "aten::add", "aten::sub"), _PER_OUTPUT),
    **dict.fromkeys(("aten::avg_pool2d", "aten::max_pool2d", "aten::adaptive_avg_pool2d"), _PER_INPUT),
}


@lru_cache(maxsize=100_000)
def cost(architecture: Architecture, num_classes: int) -> Cost:
    """The cost of one image through the network, from fvcore. Equal parts are traced once and remembered."""
    return sum(cost_of_parts(architecture, num_classes).values(), start=Cost())


def cost_of_parts(architecture: Architecture, num_classes: int) -> dict[str, Cost]:
    """The cost of each part of the network, by its name."""
    found, shape = {}, architecture.input_shape
    for part in parts_of(architecture, num_classes):
        found[part.name], shape = _count_part(part, shape)
    return found


@cache
def _count_part(part: Part, shape: tuple[int, ...]) -> tuple[Cost, tuple[int, ...]]:
    """The cost of a part for one image of (C, H, W), and the shape that leaves it."""
    total = Cost()
    for piece in part.pieces():
        counted, shape = _count_piece(replace(piece, name=""), shape)
        total += counted
    return total, shape


@cache
def _count_piece(part: Part, shape: tuple[int, ...]) -> tuple[Cost, tuple[int, ...]]:
    """As `_count_part`, of what is not made of pieces."""
    with random_state_kept():
        module = part.build().eval()
    shapes = []
    module.register_forward_hook(lambda module, args, out: shapes.append(tuple(map(int, out.shape[1:]))))
    return count(module, torch.zeros(1, *shape)), shapes[-1]


@torch.no_grad()
def count(module: nn.Module, image: Tensor) -> Cost:
    """The cost of `module` (in eval mode) on one image, (1, C, H, W)."""
    analysis = FlopCountAnalysis(module, image).unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    by_module = analysis.set_op_handle(**_ELEMENTWISE).by_module_and_operator()
    macs = {name: sum(counts[op] for op in _MACS) for name, counts in by_module.items()}
    floats = sum(t.numel() for t in (*module.parameters(), *module.buffers()) if t.is_floating_point())
    bops = padded_bops = bit_bytes = 0
    for name, layer in module.named_modules():
        if isinstance(layer, BinaryConv2d):
            filters, channels = layer.weight.shape[:2]
            bops += macs[name]
            padded_bops += macs[name] // channels * ceil(channels / WORD_BITS) * WORD_BITS
            floats += filters - sum(t.numel() for t in (layer.weight, *layer.binarizer.weight_scales()))
            bit_bytes += ceil(layer.weight.numel() / 8)
    return Cost(
        flops=int(macs[""] - bops),
        bops=int(bops),
        padded_bops=int(padded_bops),
        elementwise=int(sum(by_module[""].values()) - macs[""]),
        params=sum(p.numel() for p in module.parameters()),
        bytes=4 * floats + bit_bytes,
    )

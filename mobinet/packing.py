"""Trained networks as files: safetensors, with 1-bit weights and the architecture in the header."""

import copy
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from mobinet.conv import BinaryConv2d
from mobinet.part import build
from space import Architecture, InputError


def packed_state(net: nn.Module) -> dict[str, Tensor]:
    """What inference needs: each binary weight as one bit (uint8, ceil(n / 8)), a scale per filter, the rest float."""
    packed = copy.deepcopy(net).cpu()
    convs = _binary_convs(packed)
    for conv in convs.values():
        conv.pack_weights()
    state = {name: value.contiguous() for name, value in packed.state_dict().items() if value.is_floating_point()}
    for name, conv in convs.items():
        bits = np.packbits(conv.weight.detach().flatten().numpy() > 0)
        state[f"{name}.weight"] = torch.from_numpy(bits)
    return state


def dump_packed(net: nn.Module, architecture: Architecture, num_classes: int, notes: Mapping[str, str]) -> bytes:
    """The network as the bytes of a safetensors file.

    Args:
        net: what `mobinet.build` built for `architecture` and `num_classes`.
        notes: further entries of the header.
    """
    header = {"architecture": architecture.to_json(), "num_classes": str(num_classes), **notes}
    return safetensors.torch.save(packed_state(net), metadata=header)


def load_packed(path: Path) -> tuple[nn.Module, dict[str, str]]:
    """The network in a file, in eval mode and for inference only, and the file's header.

    Its outputs equal those of the network that was saved, to the bit.

    Raises:
        InputError: the file cannot be read, or its tensors do not fit its architecture.
    """
    try:
        with safetensors.safe_open(path, "pt") as file:
            header = file.metadata() or {}
            state = {name: file.get_tensor(name) for name in file.keys()}
        net = build(Architecture.from_json(header["architecture"]), int(header["num_classes"]))
        for name, conv in _binary_convs(net).items():
            conv.pack_weights()
            bits = np.unpackbits(state[f"{name}.weight"].numpy(), count=conv.weight.numel())
            state[f"{name}.weight"] = torch.from_numpy(bits).float().mul_(2).sub_(1).view_as(conv.weight)
        counters = {name: value for name, value in net.state_dict().items() if not value.is_floating_point()}
        net.load_state_dict({**counters, **state})
    except (OSError, KeyError, ValueError, RuntimeError, safetensors.SafetensorError) as error:
        raise InputError(f"{path} is not a packed network: {str(error).splitlines()[0]}") from None
    return net.eval(), header


def _binary_convs(net: nn.Module) -> dict[str, BinaryConv2d]:
    return {name: module for name, module in net.named_modules() if isinstance(module, BinaryConv2d)}

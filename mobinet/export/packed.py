"""Trained networks as files: safetensors, with 1-bit weights and the architecture in the header."""

import copy
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import safetensors
import safetensors.torch
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mobinet.conv import BinaryConv2d
from mobinet.export import TrainedNetwork
from mobinet.part import build
from space import Architecture, InputError
from space.errors import first_line
from space.own_file import check_digests, files_of
from space.reading import size_of

NAME = "model.safetensors"
DIGEST = "own_family"
"""Where the header has the digest of the user's own file with the family, if it is from one."""


def files(network: TrainedNetwork) -> dict[str, bytes]:
    """See `mobinet.export.ExportFormat`."""
    shape = network.architecture.input_shape
    preparation = {"input_shape": shape, "mean": network.mean, "std": network.std, "short_side": network.short_side}
    notes = {name: json.dumps(value) for name, value in {"classes": network.classes, **preparation}.items()}
    return {NAME: dump_packed(network.net, network.architecture, len(network.classes), notes)}


def packed_state(net: nn.Module) -> dict[str, Tensor]:
    """What inference needs: each binary weight as one bit (uint8, ceil(n / 8)), a scale per filter, the rest float."""
    packed = copy.deepcopy(net)
    convs = _binary_convs(packed)
    for conv in convs.values():
        conv.pack_weights()
    state = {name: value.contiguous() for name, value in packed.state_dict().items() if value.is_floating_point()}
    for name, conv in convs.items():
        state[f"{name}.weight"] = _bits(conv.weight.detach() > 0)
    return state


def dump_packed(net: nn.Module, architecture: Architecture, num_classes: int, notes: Mapping[str, str]) -> bytes:
    """The network as the bytes of a safetensors file.

    Args:
        net: what `mobinet.build` built for `architecture` and `num_classes`.
        notes: further entries of the header.
    """
    state = {name: value.cpu() for name, value in packed_state(net).items()}
    header = {"architecture": architecture.to_json(), "num_classes": str(num_classes), **notes}
    for file in files_of({"space": architecture.family}).values():
        header[DIGEST] = file.digest
    return _in_order(safetensors.torch.save(state, metadata={**header, "sha256": digest(state, header)}))


def read_packed(path: Path) -> tuple[nn.Module, dict[str, str]]:
    """The network in a file, in eval mode and for inference only, and the file's header.

    Its outputs equal those of the network that was saved, to the bit.

    Raises:
        InputError: the file cannot be read, its tensors do not fit its architecture, or it is not as it was written.
    """
    size_of(path)
    try:
        with safetensors.safe_open(path, "pt") as file:
            header = file.metadata() or {}
            # Tensors lie unaligned in the file's memory, and some kernels round by alignment.
            state = {name: file.get_tensor(name).clone() for name in file.keys()}
        with torch.device("meta"):
            architecture = Architecture.from_json(header["architecture"])
            net = build(architecture, int(header["num_classes"]))
    except KeyError as error:
        raise InputError(f"{path} is not a packed network: its header lacks {error}") from None
    except (OSError, TypeError, ValueError, RuntimeError, safetensors.SafetensorError) as error:
        raise InputError(f"{path} is not a packed network: {first_line(error)}") from None
    if DIGEST in header:
        check_digests({"space": header[DIGEST]}, {"space": architecture.family}, path)
    expected = {name: (value.dtype, tuple(value.shape)) for name, value in packed_state(net).items()}
    for name in sorted(expected.keys() | state.keys()):
        found = (state[name].dtype, tuple(state[name].shape)) if name in state else None
        if found != expected.get(name):
            raise InputError(
                f"{path} is damaged: its tensor {name} is {found}, its architecture has {expected.get(name)}"
            )
    notes = {name: note for name, note in header.items() if name != "sha256"}
    if "sha256" in header and header["sha256"] != digest(state, notes):
        raise InputError(f"{path} is damaged: its digest is that of other tensors or of another header")
    for name, conv in _binary_convs(net).items():
        conv.pack_weights()
        bits = np.unpackbits(state[f"{name}.weight"].numpy(), count=conv.weight.numel())
        state[f"{name}.weight"] = torch.from_numpy(bits).float().mul_(2).sub_(1).view(conv.weight.shape)
    counters = [name for name, value in net.state_dict().items() if value.dtype == torch.int64]
    state |= {name: torch.zeros((), dtype=torch.int64) for name in counters}
    net.load_state_dict(state, assign=True)
    return net.requires_grad_(False).eval(), header


def _in_order(file: bytes) -> bytes:
    """The same file with the entries of its header sorted; safetensors writes them in any order."""
    length = int.from_bytes(file[:8], "little")
    header = json.dumps(json.loads(file[8 : 8 + length]), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    padded = header.encode()
    padded += b" " * (-len(padded) % 8)
    return len(padded).to_bytes(8, "little") + padded + file[8 + length :]


def digest(state: Mapping[str, Tensor], header: Mapping[str, str]) -> str:
    """SHA-256 of the header's entries and of each tensor's name and bytes; the architecture settles the shapes."""
    found = hashlib.sha256(json.dumps(dict(header), sort_keys=True).encode())
    for name in sorted(state):
        found.update(name.encode())
        found.update(state[name].numpy().tobytes())
    return found.hexdigest()


def _bits(flags: Tensor) -> Tensor:
    """Booleans of any shape, n in all -> uint8 (ceil(n / 8),), the first one in the highest bit."""
    flags = F.pad(flags.flatten(), (0, -flags.numel() % 8)).view(-1, 8)
    places = 2 ** torch.arange(7, -1, -1, device=flags.device)
    return (flags * places).sum(1).to(torch.uint8)


def _binary_convs(net: nn.Module) -> dict[str, BinaryConv2d]:
    return {name: module for name, module in net.named_modules() if isinstance(module, BinaryConv2d)}

"""The device that a training computes on."""

import torch

from search.training import ranks
from space import InputError
from space.errors import first_line

KINDS = ("cpu", "cuda", "mps")


def find_device(name: str | None) -> str:
    """The device asked for; without a name CUDA if there is a GPU, else the CPU.

    Raises:
        InputError: this machine does not have it.
    """
    if name is None:
        return "cuda" if torch.cuda.is_available() else "cpu"
    kind, _, number = name.partition(":")
    if kind not in KINDS or not (number.isdecimal() or number == "" and not name.endswith(":")):
        raise InputError(f"--device {name} is not known; use cpu, cuda, cuda:1 or mps")
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError, NotImplementedError, ImportError) as error:
        raise InputError(f"--device {name} cannot be used here: {first_line(error)}") from None
    return "cpu" if kind == "cpu" else name


def own_device(name: str | None) -> str:
    """The device of this process: of several on one machine (`search.training.ranks`), each has a GPU of its own."""
    device = find_device(name)
    if ranks.ranks() == 1 or device == "cpu":
        return device
    if device != "cuda":
        raise InputError(f"--device {device} is one device; several processes take cpu, or cuda for a GPU each")
    device = find_device(f"cuda:{ranks.local_rank()}")
    torch.cuda.set_device(device)
    return device

"""The device that a training computes on."""

import math
import warnings
from functools import cache

import torch

from search.machine import SMALL_IMAGE
from search.training import ranks
from search.training.self_check import complaint_about
from space import InputError
from space.errors import first_line
from space.image_sizes import Shape

KINDS = ("cpu", "cuda", "mps", "xpu")


def find_device(name: str | None, *, input_shape: Shape | None = None, recorded: bool = True) -> str:
    """The device asked for; without a name that of `choose_device`.

    Raises:
        InputError: this machine does not have it, or it computes something else than the CPU.
    """
    if name is None:
        return choose_device(input_shape, recorded=recorded)[0]
    kind, _, number = name.partition(":")
    if kind not in KINDS or not (number.isdecimal() or number == "" and not name.endswith(":")):
        raise InputError(f"--device {name} is not known; use cpu, cuda, cuda:1, mps or xpu")
    if kind == "cpu":
        return "cpu"
    if complaint := complaint_about(name):
        raise InputError(f"--device {name} cannot be used here: {complaint}")
    return name


def choose_device(input_shape: Shape | None = None, *, recorded: bool = True) -> tuple[str, str]:
    """The accelerator, if it is of use, else the CPU; and why an accelerator is left alone, empty where there is none.

    Args:
        input_shape: (C, H, W) of one image, where it is known. Launching the kernels of small images one by one takes
            longer than computing them on the CPU.
        recorded: whether the steps of the training are recorded on CUDA, see `search.training.captured`; those of one
            in several processes are not.
    """
    recorded = recorded and ranks.ranks() == 1
    kind, reason = _accelerator()
    if kind == "cpu":
        return "cpu", reason
    if input_shape and math.prod(input_shape) < SMALL_IMAGE and not (recorded and kind == "cuda"):
        return "cpu", f"{kind} takes longer for such small images; --device {kind} uses it"
    complaint = complaint_about(f"cuda:{ranks.local_rank()}" if kind == "cuda" else kind)
    return ("cpu", f"{kind} cannot be used here: {complaint}") if complaint else (kind, "")


def why_left_alone(name: str | None, *, input_shape: Shape | None = None, recorded: bool = True) -> str:
    """Why `find_device` left an accelerator alone, in half a line; empty where a device was asked for."""
    return "" if name else choose_device(input_shape, recorded=recorded)[1]


@cache
def _accelerator() -> tuple[str, str]:
    """What PyTorch finds beside the CPU, or the CPU; and what it says of one that it cannot use."""
    with warnings.catch_warnings(record=True) as notes:  # of a driver that is too old
        warnings.simplefilter("always")
        found = torch.accelerator.current_accelerator(check_available=True)
    if found is not None and found.type in KINDS:
        return found.type, ""
    said = first_line(Warning(notes[0].message)).partition(". ")[0] if notes else ""
    return "cpu", f"the GPU cannot be used here: {said}" if said else ""


def own_device(name: str | None, *, input_shape: Shape | None = None) -> str:
    """The device of this process: of several on one machine (`search.training.ranks`), each has a GPU of its own.

    A process opens no other GPU than its own: that would take memory there.
    """
    if ranks.ranks() == 1 or name == "cpu":
        return find_device(name, input_shape=input_shape)
    if name not in (None, "cuda"):
        raise InputError(f"--device {name} is one device; several processes take cpu, or cuda for a GPU each")
    if (name or choose_device(input_shape)[0]) != "cuda":
        return "cpu"
    device = find_device(f"cuda:{ranks.local_rank()}")
    torch.cuda.set_device(device)
    return device

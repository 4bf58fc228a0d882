"""Where a command trains, in one line."""

import argparse

import torch

from mobinet import fused
from results.words import counted
from search.backends import BACKENDS
from search.training.precision import dtype_text
from space.image_sizes import Shape


def placement_text(args: argparse.Namespace, input_shape: Shape, device: str, note: str) -> str:
    """The device, the type of the activations, the kernels, and how many trainings run side by side.

    Args:
        args: the flags of a command with back ends.
        input_shape: (C, H, W) of one image.
        device: that was chosen.
        note: why no other was, if there is something to say.
    """
    shares = BACKENDS[args.backend].shares
    where = f"on {device} of the machines that --backend {args.backend} finds"
    if shares:
        where = f"{device_text(device)}, {_side_by_side(*shares(args, input_shape, device))}"
    return f"{where}; {note}" if note else where


def device_text(device: str) -> str:
    """The device, the type of the activations, and the kernels."""
    where = torch.device(device)
    name = f" ({torch.cuda.get_device_name(where)})" if where.type == "cuda" else ""
    kernels = "fused kernels" if fused.available(where.type) else "no fused kernels"
    return f"on {device}{name}: {dtype_text(where)}, {kernels}"


def _side_by_side(slots: int, threads: int) -> str:
    many = f"{slots} side by side" if slots > 1 else "one at a time"
    each = " each" if slots > 1 else ""
    return f"{many}, {counted(threads, 'thread')}{each}"

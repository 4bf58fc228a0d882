"""How the cores, the memory and the GPUs of this machine are shared among trials."""

import argparse
import math
import warnings

from search import machine
from space.image_sizes import Shape

WORKER_BYTES = 2**30
"""Of memory, for each worker in a container with a limit."""


def workers_and_threads(
    asked: int | None, *, input_shape: Shape, device: str, cores: int, memory: float = math.inf, gpus: int = 1
) -> tuple[int, int]:
    """How many trials side by side, 0 for one in this process, and the threads of each.

    Args:
        asked: by the user; None for one a core, or one on each GPU.
        input_shape: (C, H, W) of one image.
        device: where they compute.
        cores: that they share.
        memory: bytes that they share.
        gpus: that they share.
    """
    fitting = min(cores, max(1, memory / WORKER_BYTES))
    workers = asked if asked is not None else int(fitting) if device == "cpu" else gpus
    return workers, machine.useful_threads(input_shape, cores // max(1, workers))


def shares(args: argparse.Namespace, input_shape: Shape, device: str) -> tuple[int, int]:
    """The same for the flags of a command on this machine."""
    return workers_and_threads(
        args.workers,
        input_shape=input_shape,
        device=device,
        cores=machine.cores(),
        memory=machine.memory_limit(),
        gpus=len(gpus_of(device)),
    )


def gpus_of(device: str) -> tuple[str, ...]:
    """All that a device stands for: ``cuda`` without a number is every GPU there is that computes as the CPU does.

    Of the others a warning says what is wrong.
    """
    if device not in ("cuda", "xpu"):
        return (device,)
    import torch

    from search.training.self_check import complaint_about

    gpus = [f"{device}:{index}" for index in range(torch.accelerator.device_count())]
    complaints = {gpu: complaint_about(gpu) for gpu in gpus}
    for gpu, complaint in complaints.items():
        if complaint:
            warnings.warn(f"{gpu} is left alone, it cannot be used here: {complaint}", stacklevel=2)
    return tuple(gpu for gpu in gpus if not complaints[gpu]) or (device,)

"""What the machine has, and how much of it a training can use."""

import math
import os

SMALL_IMAGE = 1000


def cores() -> int:
    """Processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def useful_threads(input_shape: tuple[int, int, int], available: int) -> int:
    """Threads for one training on images of (C, H, W): on small ones several cost more than they save."""
    return 1 if math.prod(input_shape) < SMALL_IMAGE else max(1, available)

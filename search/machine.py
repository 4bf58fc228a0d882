"""What the machine has, and how much of it a training can use."""

import ctypes
import math
import os
import re
from pathlib import Path

SMALL_IMAGE = 1000
UNLIMITED = 2**60
"""Version 1 of the control groups writes a number above for no limit."""
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3


def cores() -> int:
    """Processor cores this process may use; those that torchrun started on one machine share them."""
    found = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    granted = int(min(found, max(1, cpu_quota())))
    return max(1, granted // int(os.environ.get("LOCAL_WORLD_SIZE", 1)))


def cpu_quota(groups: Path = Path("/sys/fs/cgroup")) -> float:
    """Cores' worth of time that the container may use, as ``docker --cpus`` sets it; infinite without a limit.

    Args:
        groups: where the kernel shows the control groups, version 1 or 2, of this container.
    """
    try:
        quota, period = (groups / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            quota, period = ((groups / "cpu" / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        except OSError:
            return math.inf
    numbers = quota.strip().isdecimal() and period.strip().isdecimal() and int(period)
    return int(quota) / int(period) if numbers else math.inf


def memory_limit(groups: Path = Path("/sys/fs/cgroup")) -> float:
    """Bytes that the container may use, as ``docker --memory`` sets it; infinite without a limit.

    Args:
        groups: as of `cpu_quota`.
    """
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        try:
            limit = (groups / name).read_text().strip()
        except OSError:
            continue
        return int(limit) if limit.isdecimal() and int(limit) < UNLIMITED else math.inf
    return math.inf


def useful_threads(input_shape: tuple[int, int, int], available: int) -> int:
    """Threads for one training on images of (C, H, W): on small ones several cost more than they save."""
    return 1 if math.prod(input_shape) < SMALL_IMAGE else max(1, available)


def keep_memory() -> None:
    """Let glibc keep what is freed for the next tensor: fresh pages take a third of the time of a forward pass."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_TRIM_THRESHOLD, 2**30)
        mallopt(M_MMAP_THRESHOLD, 2**25)


def missing_memory(error: BaseException) -> str:
    """In half a line, how much memory a device lacked; empty where the error is another one."""
    text = str(error)
    if not isinstance(error, RuntimeError) or "out of memory" not in text:
        return ""
    size = re.search(r"[Tt]ried to allocate ([\d.]+ \w+)", text)
    return "out of memory on the GPU" + (f", which has no room for another {size[1]}" if size else "")


_threads: int | None = None


def use_threads(threads: int | None) -> None:
    """How many threads a training in this process may use; None for those that torch has."""
    global _threads
    _threads = threads


def threads() -> int | None:
    """What `use_threads` was told last."""
    return _threads


def own_cores() -> int:
    """Cores for this process: as many as it was given threads, or all."""
    return _threads or cores()

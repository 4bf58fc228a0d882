"""The fast path of `mobinet.unit.BinaryUnit`, on the CPU and on CUDA."""

from mobinet.fused.dispatch import available, disabled, fusable, run, use_threads
from mobinet.fused.settings import settings

__all__ = ["available", "disabled", "fusable", "run", "settings", "use_threads"]

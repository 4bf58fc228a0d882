"""The fused unit on the CPU, in Numba."""

from mobinet.fused.cpu.unit import backward, evaluate, forward

__all__ = ["backward", "evaluate", "forward"]

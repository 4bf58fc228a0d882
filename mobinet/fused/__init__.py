"""The fast path of `mobinet.unit.BinaryUnit`, on the CPU and on CUDA."""

from mobinet.fused.unit import disabled, fusable, run, use_threads

__all__ = ["disabled", "fusable", "run", "use_threads"]

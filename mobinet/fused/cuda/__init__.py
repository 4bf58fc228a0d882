"""The fused unit on CUDA, in Triton."""

from mobinet.fused.cuda.unit import backward, evaluate, forward, probe

__all__ = ["backward", "evaluate", "forward", "probe"]

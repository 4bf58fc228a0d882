"""The fused unit on CUDA, in Triton."""

from mobinet.fused.cuda.unit import backward, evaluate, forward

__all__ = ["backward", "evaluate", "forward"]

"""The fused unit on CUDA, in Triton."""

from mobinet.fused.cuda.unit import backward, evaluate, forward, probe
from mobinet.fused.cuda.weights import Joined, binarised, latent_gradient_of

__all__ = ["Joined", "backward", "binarised", "evaluate", "forward", "latent_gradient_of", "probe"]

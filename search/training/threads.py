"""How the threads of a process are shared between torch and the fused kernels."""

import torch
from torch import nn

from mobinet import fused
from mobinet.unit import BinaryUnit
from search import machine


def divide_threads(net: nn.Module, device: torch.device) -> None:
    """On the CPU, give the threads that `use_threads` named to the fused kernels, if `net` is made for them, or torch.

    Two teams of threads would get in each other's way.
    """
    threads = machine.threads()
    if threads is None or device.type != "cpu":
        return
    units = any(isinstance(module, BinaryUnit) and not module.conv.float_weights for module in net.modules())
    torch.set_num_threads(1 if units and fused.use_threads(threads) else threads)

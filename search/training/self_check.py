"""Whether a device computes what the CPU computes: the output and the gradients of one unit.

Some devices give wrong gradients without a word, such as Apple's with some memory formats (pytorch/pytorch#175189).
"""

from functools import cache

import torch
from torch import Tensor, nn

from mobinet.conv import BinaryConv2d
from mobinet.unit import BinaryUnit
from search.data.preparation import memory_format
from search.training.seeds import seeded
from space.errors import first_line

TOLERANCE = 0.01
"""Of the largest value; convolutions on CUDA may round to 10 bits."""
CHANNELS = 16


@cache
def complaint_about(device: str) -> str:
    """What is wrong with a device, in half a line; empty where a unit trains there as on the CPU."""
    try:
        found = _step(torch.device(device), torch.float32)
    except (RuntimeError, AssertionError, ImportError) as error:
        return first_line(error)
    expected = _step(torch.device("cpu"), torch.float64)  # which no fused kernel computes
    for name, right in expected.items():
        largest = right.abs().max()
        difference = (found[name] - right).abs().max() / largest
        if not difference <= TOLERANCE:
            return f"it computes wrong, {name} differs from the CPU's by {difference:.0%} of the largest value"
    return ""


def _step(device: torch.device, dtype: torch.dtype) -> dict[str, Tensor]:
    """A unit's output and its gradients, float64 on the CPU. All signs, and the sums before PReLU, are exact."""
    with seeded(0):
        conv = BinaryConv2d(CHANNELS, CHANNELS, 3, groups=4, binarizer="xnor")
        x, gradient = (torch.randn(4, CHANNELS, 8, 8) for _ in range(2))
    conv.weight.data = torch.where(conv.weight >= 0, 0.125, -0.125)
    unit = BinaryUnit(conv, nn.PReLU(CHANNELS)).to(device, dtype).train()
    x = x.to(device, dtype).contiguous(memory_format=memory_format(device)).requires_grad_()
    out = unit(x)
    out.backward(gradient.to(device, dtype))
    learned = {f"the gradient of {name}": p.grad for name, p in unit.named_parameters() if p.grad is not None}
    found = {"the output": out, "the gradient of the input": x.grad, **learned}
    return {name: tensor.detach().cpu().double() for name, tensor in found.items() if tensor is not None}

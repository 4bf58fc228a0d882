"""Whether a device computes what the CPU computes: the output and the gradients of one unit.

Some devices give wrong gradients without a word, such as Apple's with some memory formats (pytorch/pytorch#175189).
"""

from contextlib import nullcontext
from functools import cache

import torch
from torch import Tensor, nn

from mobinet.conv import BinaryConv2d
from mobinet.unit import BinaryUnit
from search.data.preparation import memory_format
from search.training.precision import training_dtype
from search.training.seeds import seeded
from space.errors import first_line

TOLERANCE = {torch.float32: 0.01, torch.bfloat16: 0.05}
"""Of the largest value; convolutions on CUDA may round float32 to 10 bits, and bfloat16 has 8."""
CHANNELS = 16


@cache
def complaint_about(device: str) -> str:
    """What is wrong with a device, in half a line; empty where a unit trains there as on the CPU."""
    try:
        place = torch.device(device)
        found = {dtype: _step(place, dtype) for dtype in (torch.float32, training_dtype(place))}
    except Exception as error:  # of PyTorch, or of the compiler that Triton calls
        return first_line(error)
    return next(filter(None, (_complaint(dtype, tensors) for dtype, tensors in found.items())), "")


def _complaint(dtype: torch.dtype, found: dict[str, Tensor]) -> str:
    expected = _step(torch.device("cpu"), torch.float64)  # which no fused kernel computes
    for name, right in expected.items():
        difference = (found[name] - right).abs().max() / right.abs().max()
        if not difference <= TOLERANCE[dtype]:
            where = f"{str(dtype).removeprefix('torch.')}, " if dtype != torch.float32 else ""
            return f"it computes wrong, {where}{name} differs from the CPU's by {difference:.0%} of the largest value"
    return ""


def _step(device: torch.device, dtype: torch.dtype) -> dict[str, Tensor]:
    """A unit's output and its gradients, float64 on the CPU. All signs, and the sums before PReLU, are exact.

    In bfloat16 the weights are float32, as in training; what it is given are numbers of bfloat16 in every type.
    """
    with seeded(0):
        conv = BinaryConv2d(CHANNELS, CHANNELS, 3, groups=4, binarizer="xnor")
        x, gradient = (torch.randn(4, CHANNELS, 8, 8).bfloat16().to(device, dtype) for _ in range(2))
    conv.weight.data = torch.where(conv.weight >= 0, 0.125, -0.125)
    low = dtype is torch.bfloat16
    unit = BinaryUnit(conv, nn.PReLU(CHANNELS)).to(device, torch.float32 if low else dtype).train()
    x = x.contiguous(memory_format=memory_format(device)).requires_grad_()
    with torch.autocast(device.type, dtype) if low else nullcontext():
        out = unit(x)
    out.backward(gradient)
    learned = {f"the gradient of {name}": p.grad for name, p in unit.named_parameters() if p.grad is not None}
    found = {"the output": out, "the gradient of the input": x.grad, **learned}
    return {name: tensor.detach().cpu().double() for name, tensor in found.items() if tensor is not None}

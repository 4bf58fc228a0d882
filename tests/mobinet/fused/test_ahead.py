"""A network's binary weights made at once, and the gradients through them, against each convolution's own."""

from collections.abc import Callable
from unittest.mock import patch

import pytest
import torch
from torch import Tensor, nn

from mobinet.conv import BinaryConv2d
from mobinet.unit import BinaryUnit

pytest.importorskip("triton")

TOLERANCE = {torch.float32: 3e-6, torch.bfloat16: 1e-2}
"""Of the largest difference in a tensor, over the largest value there."""


def convolutions() -> nn.ModuleList:
    """Several that are binarised alike, others, one with a way of its own; their weights are no multiples of words."""
    torch.manual_seed(0)
    return nn.ModuleList(
        [
            BinaryConv2d(3, 5, 1, binarizer="xnor"),
            BinaryConv2d(8, 8, 3, groups=2, binarizer="xnor"),
            BinaryConv2d(40, 8, 3, binarizer="approxsign"),
            BinaryConv2d(4, 8, 3, groups=4, binarizer="xnor"),
            BinaryConv2d(8, 16, 1, binarizer="ste"),
            BinaryConv2d(8, 8, 1, binarizer="trained"),
            BinaryConv2d(6, 8, 3, binarizer="react"),
        ]
    )


def differences(device: str, dtype: torch.dtype) -> list[tuple[float, float]]:
    """Of each convolution's binary weights, and of their latent ones' gradient, from the convolution's own."""
    from mobinet.fused import cuda
    from mobinet.fused.ahead import BinaryWeights

    convs = convolutions().to(device)
    ahead, found = BinaryWeights(convs, cuda), []
    with torch.autocast(device, dtype, enabled=dtype != torch.float32), ahead.made():
        binary = [conv.binary_weight() for conv in convs]
    gradients = [torch.randn_like(weight) for weight in binary]
    torch.autograd.backward(binary, gradients)
    assert all(conv.binary is None for conv in convs)
    assert [weight.dtype for weight in binary].count(dtype) >= len(convs) - 1
    assert all(weight.data_ptr() % 16 == 0 for weight in binary if weight.numel() % 8 == 0)
    for conv, weight, gradient in zip(convs, binary, gradients):
        given = conv.weight.grad
        conv.weight.grad = None
        expected = conv.binary_weight()
        expected.backward(gradient.to(expected.dtype))
        found.append((difference(weight, expected), difference(given, conv.weight.grad)))
    return found


def gradients_of_units(device: str) -> dict[str, float]:
    """How far the gradients of two units are, through weights that were made at once, from those of modules."""
    from mobinet.fused import ahead, cuda, dispatch

    torch.manual_seed(0)
    convs = BinaryConv2d(8, 8, 3, groups=4, binarizer="xnor"), BinaryConv2d(8, 16, 1, binarizer="react")
    for conv in convs:
        conv.weight.data = torch.where(conv.weight >= 0, 0.125, -0.125)  # whose sums are exact
    net = nn.Sequential(*(BinaryUnit(conv, nn.PReLU(len(conv.weight))) for conv in convs)).to(device)
    x, gradient = torch.randn(2, 8, 5, 3, device=device), torch.randn(2, 16, 5, 3, device=device)
    found = []
    for kernels in (cuda, None):
        net.zero_grad()
        weights = ahead.BinaryWeights(net, kernels)
        with patch.object(dispatch, "kernels", lambda _, kernels=kernels: kernels), weights.made():
            assert (convs[0].binary is not None) == (kernels is not None)
            out = net(x)
        out.backward(gradient)
        found.append({name: p.grad.clone() for name, p in net.named_parameters()})
    return {name: difference(gradient, found[1][name]) for name, gradient in found[0].items()}


def difference(found: Tensor, expected: Tensor) -> float:
    assert found.shape == expected.shape
    return ((found - expected).abs().max() / expected.abs().max()).item()


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
def test_all_weights_of_a_network_at_once(run: Callable, dtype: torch.dtype):
    assert max(max(pair) for pair in run(differences, dtype)) < TOLERANCE[dtype]


def test_units_train_on_them(run: Callable):
    found = run(gradients_of_units)
    assert len(found) == 9
    assert max(found.values()) < 1e-5

"""XNOR scaling, against the formulas of the paper."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mobinet.binarizers import BINARIZERS, Binarizer
from mobinet.binarizers.base import sign
from mobinet.conv import BinaryConv2d

GRID = torch.linspace(-2, 2, 33)
BEYOND_ONE = torch.nextafter(torch.tensor(1.0), torch.tensor(2.0))


def xnor() -> Binarizer:
    return BINARIZERS["xnor"](4, 4)


def by_the_formula(weight, upstream):
    """dL/dW = dL/dW~ * (1/n + alpha * 1[|W| <= 1]), one weight after the other."""
    found = np.zeros(weight.shape)
    for index in np.ndindex(*weight.shape):
        filter_ = weight[index[0]]
        alpha = sum(abs(value) for value in filter_.flatten()) / filter_.size
        found[index] = upstream[index] * (1 / filter_.size + alpha * (abs(weight[index]) <= 1))
    return found


def test_sign_knows_no_zero():
    x = torch.tensor([-2.0, -1e-30, -0.0, 0.0, 1e-30, 2.0])
    assert sign(x).tolist() == xnor().activations(x).tolist() == [-1, -1, 1, 1, 1, 1]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_dtype_is_kept(dtype):
    x = torch.randn(2, 4, 3, 3, dtype=dtype)
    assert xnor().activations(x).dtype == xnor().weights(x).dtype == xnor().scale(x).dtype == dtype


def test_weights_are_signs_times_the_mean_of_the_filter():
    weight = torch.tensor([[0.5, -1.5, 0.0, -1.0], [-0.0, 0.0, 0.25, -0.25]]).view(2, 4, 1, 1)
    expected = [[0.75, -0.75, 0.75, -0.75], [0.125, 0.125, 0.125, -0.125]]
    assert xnor().weights(weight).view(2, 4).tolist() == expected
    assert xnor().scale(weight).shape == (2, 1, 1, 1)
    assert xnor().scale(weight).flatten().tolist() == [0.75, 0.125]


def test_weights_are_scale_times_sign():
    weight = torch.randn(5, 3, 3, 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(xnor().weights(weight), xnor().scale(weight) * sign(weight))


def test_straight_through_gradient():
    x = torch.cat([GRID, BEYOND_ONE[None], -BEYOND_ONE[None]]).requires_grad_()
    upstream = torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
    xnor().activations(x).backward(upstream)
    expected = [up if -1 <= value <= 1 else 0 for value, up in zip(x.tolist(), upstream.tolist())]
    assert x.grad.tolist() == expected
    edges = x.grad[: len(GRID)][GRID.abs() == 1]
    assert len(edges) == 2 and edges.all()


@pytest.mark.parametrize("shape", [(3, 11, 1, 1), (11, 3, 1, 1), (1, 33, 1, 1), (33, 1, 1, 1), (3, 1, 1, 11)])
def test_weight_gradient_on_a_grid(shape):
    weight = GRID[torch.randperm(33, generator=torch.Generator().manual_seed(2))].reshape(shape).double()
    upstream = torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    weight.requires_grad_()
    xnor().weights(weight).backward(upstream)
    expected = by_the_formula(weight.detach().numpy(), upstream.numpy())
    np.testing.assert_allclose(weight.grad.numpy(), expected, rtol=1e-12)


def test_weight_gradient_at_the_edge():
    weight = torch.stack([torch.tensor(1.0), torch.tensor(-1.0), BEYOND_ONE, -BEYOND_ONE]).view(4, 1, 1, 1)
    weight.requires_grad_()
    xnor().weights(weight).sum().backward()
    assert weight.grad.flatten().tolist() == [2, 2, 1, 1]


def test_gradients_through_a_convolution():
    torch.manual_seed(4)
    conv = BinaryConv2d(6, 4, 3, groups=2, binarizer="xnor").double()
    x = torch.randn(2, 6, 5, 5, dtype=torch.float64, requires_grad=True)
    upstream = torch.randn(2, 4, 5, 5, dtype=torch.float64)
    conv(x).backward(upstream)

    signs = torch.where(x.detach() < 0, -1.0, 1.0).double().requires_grad_()
    latent = conv.weight.detach()
    alpha = latent.abs().flatten(1).mean(1).view(-1, 1, 1, 1)
    binary = (torch.where(latent < 0, -1.0, 1.0) * alpha).requires_grad_()
    F.conv2d(signs, binary, padding=1, groups=2).backward(upstream)
    torch.testing.assert_close(x.grad, signs.grad * (x.detach().abs() <= 1))
    expected = by_the_formula(latent.numpy(), binary.grad.numpy())
    np.testing.assert_allclose(conv.weight.grad.numpy(), expected, rtol=1e-10)


def test_packed_weights_compute_the_same_to_the_bit():
    torch.manual_seed(5)
    conv, x = BinaryConv2d(8, 6, 3, groups=2, binarizer="xnor"), torch.randn(3, 8, 7, 7)
    with torch.no_grad():
        conv.weight[0, 0, 0, :2] = torch.tensor([0.0, -0.0])
        before = conv(x)
    conv.pack_weights()
    assert set(conv.weight.flatten().tolist()) == {-1.0, 1.0}
    assert torch.equal(conv(x), before)

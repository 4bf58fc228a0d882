"""Adam on one tensor is Adam on many."""

import copy

import pytest
import torch
from torch import nn

from search.training.flat_optimizers import FlatAdam


def groups_of(net: nn.Sequential) -> list[dict]:
    return [{"params": [*net[0].parameters()]}, {"params": [*net[2].parameters()], "weight_decay": 0.1}]


def test_the_same_steps_as_torchs_adam():
    flat = nn.Sequential(nn.Conv2d(2, 3, 3), nn.Flatten(), nn.Linear(12, 4))
    plain = copy.deepcopy(flat)
    ours = FlatAdam([*groups_of(flat), {"params": []}], lr=0.1)
    torchs = torch.optim.Adam(groups_of(plain), lr=0.1)
    for _ in range(3):
        x = torch.randn(5, 2, 4, 4)
        for net, optimizer in ((flat, ours), (plain, torchs)):
            optimizer.zero_grad()
            net(x).square().sum().backward()
            optimizer.step()
    for found, expected in zip(flat.parameters(), plain.parameters()):
        torch.testing.assert_close(found, expected)


def test_a_parameter_without_gradient_stays():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    before = net[1].weight.clone()
    optimizer = FlatAdam([{"params": list(net.parameters())}], lr=0.1)
    net[0](torch.ones(1, 2)).sum().backward()
    optimizer.step()
    assert torch.equal(net[1].weight, before) and net[0].bias.grad is not None
    optimizer.zero_grad()
    assert all(parameter.grad is None for parameter in net.parameters())


@pytest.mark.parametrize("fused", [True, False])
def test_its_state_goes_on_elsewhere(fused):
    net, other = nn.Linear(3, 2), nn.Linear(3, 2)
    first, second = (FlatAdam([{"params": list(n.parameters())}], lr=0.1, fused=fused) for n in (net, other))
    net(torch.ones(1, 3)).sum().backward()
    first.step()
    other.load_state_dict(net.state_dict())
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    for n, optimizer in ((net, first), (other, second)):
        optimizer.zero_grad()
        n(torch.eye(3)).square().sum().backward()
        optimizer.step()
    assert torch.equal(net.weight, other.weight) and torch.equal(net.bias, other.bias)

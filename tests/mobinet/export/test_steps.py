"""The steps against torch."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from mobinet.conv import BinaryConv2d
from mobinet.export.reference import scores
from mobinet.export.translate import steps_of
from space import InputError
from tests.mobinet.export.networks import NETWORKS, as_trained


@pytest.mark.parametrize("name", NETWORKS)
def test_scores_are_those_of_the_network(name):
    """To float's precision, but for images in which a rounding turns a sign; of random weights, at most one in six."""
    network = as_trained(NETWORKS[name]())
    shape = network.architecture.input_shape
    images = torch.rand(6, *shape, generator=torch.Generator().manual_seed(1))
    mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (network.mean, network.std))
    with torch.no_grad():
        wanted = network.net((images - mean) / std).numpy()
    program = steps_of(network)
    found = np.stack([scores(program, image.permute(1, 2, 0).numpy()) for image in images])
    close = np.isclose(found, wanted, atol=5e-5, rtol=1e-4).all(1)
    assert close.sum() >= 5


@pytest.mark.parametrize(
    "conv",
    [
        nn.Conv2d(1, 4, (3, 1)),
        nn.Conv2d(1, 4, 3, stride=(1, 2)),
        nn.Conv2d(1, 4, 3, padding=(1, 0)),
        nn.Conv2d(1, 4, 3, padding="same"),
        nn.Conv2d(1, 4, 3, dilation=2),
        nn.Conv2d(1, 4, 3, padding=1, padding_mode="reflect"),
    ],
)
def test_what_the_steps_do_not_have_is_refused(conv):
    network = replace(as_trained(next(iter(NETWORKS.values()))()), net=nn.Sequential(conv))
    with pytest.raises(InputError, match=r"Conv2d\(1, 4, .* cannot be exported: it is not square"):
        steps_of(network)


def network_with(*layers: nn.Module, head: nn.Module | None = None):
    """A network of an own family, on images of 8 x 8 grey pixels, in whose body these layers are."""
    torch.manual_seed(0)
    body = [nn.Conv2d(1, 16, 3, padding=1), BinaryConv2d(16, 16, 3, binarizer="xnor"), nn.BatchNorm2d(16)]
    net = nn.Sequential(*body, *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), head or nn.Linear(16, 10))
    return replace(as_trained(next(iter(NETWORKS.values()))()), net=net.eval())


@pytest.mark.parametrize(
    ("layer", "head"),
    [
        (nn.BatchNorm2d(16, affine=False), None),
        (nn.Identity(), nn.Linear(16, 10, bias=False)),
        (nn.MaxPool2d((2, 2)), None),
        (nn.AvgPool2d(3, 2, 1, count_include_pad=False), None),
        (nn.AvgPool2d(3, 2, ceil_mode=True), None),
    ],
)
def test_layers_of_own_families(layer, head):
    network = network_with(layer, head=head)
    image = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        (wanted,) = network.net((image - network.mean[0]) / network.std[0]).numpy()
    np.testing.assert_allclose(scores(steps_of(network), image[0].permute(1, 2, 0).numpy()), wanted, atol=1e-5)


@pytest.mark.parametrize(
    ("layer", "complaint"),
    [
        (nn.AvgPool2d(3, 2, 1), "padding that is counted"),
        (nn.AvgPool2d(2, divisor_override=3), "a divisor of its own"),
        (nn.MaxPool2d(2, dilation=2), "dilation"),
        (nn.MaxPool2d((2, 1)), "not square"),
        (nn.MaxPool2d(2, 3, 1, ceil_mode=True), "ceil_mode beside padding"),
        (nn.AdaptiveAvgPool2d(2), "not one pixel"),
        (nn.BatchNorm2d(16, track_running_stats=False), "no running statistics"),
    ],
)
def test_layers_that_would_be_something_else_are_refused(layer, complaint):
    with pytest.raises(InputError, match=f"cannot be exported: .*{complaint}"):
        steps_of(network_with(layer))

"""The steps against torch."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

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

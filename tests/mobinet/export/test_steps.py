"""The steps against torch."""

import numpy as np
import pytest
import torch

from mobinet.export.reference import scores
from mobinet.export.translate import steps_of
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

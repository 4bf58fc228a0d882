"""The test images that are kept beside a trained network, for exports to be compared with PyTorch on."""

import torch

from mobinet.export.examples import Examples, most_examples
from search.data.split import Split


def examples_of(test: Split) -> Examples:
    """Some of the test images."""
    preparation = test.preparation
    mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (preparation.mean, preparation.std))
    some = test.drawn(most_examples(preparation.input_shape))
    images, labels = map(torch.cat, zip(*some.batches(len(some), device=torch.device("cpu"))))
    pixels = ((images * std + mean) * 255).round_().clamp_(0, 255).to(torch.uint8)
    return Examples(images=pixels.permute(0, 2, 3, 1).contiguous().numpy(), labels=labels.numpy())

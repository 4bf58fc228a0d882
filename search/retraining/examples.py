"""The test images that are kept beside a trained network, for exports to be compared with PyTorch on."""

import torch

from mobinet.export.examples import Examples, most_examples
from search.data.split import Split


def examples_of(test: Split) -> Examples:
    """Some of the test images."""
    preparation = test.preparation
    some = test.drawn(most_examples(preparation.input_shape))
    images, labels = map(torch.cat, zip(*some.batches(len(some), device=torch.device("cpu"))))
    pixels = (preparation.restored(images) * 255).round_().clamp_(0, 255).to(torch.uint8)
    return Examples(images=pixels.permute(0, 2, 3, 1).contiguous().numpy(), labels=labels.numpy())

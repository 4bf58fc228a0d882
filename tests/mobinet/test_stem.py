"""A stem whose filters make several channels each, and one that takes the image at a lower resolution."""

import torch

from mobinet.families.parts import Stem


def test_copies_differ_in_their_batch_norm_alone():
    """As a stem with all filters, in which the copies have equal weights."""
    stem = Stem(in_channels=3, out_channels=8, stride=2, copies=4).build().eval()
    plain = Stem(in_channels=3, out_channels=8, stride=2).build().eval()
    torch.nn.init.normal_(stem[-1].bias)
    plain[0].weight.data[:] = stem[0].weight[torch.arange(8) % 2]
    plain[1].load_state_dict(stem[-1].state_dict())
    x = torch.randn(2, 3, 9, 9)
    torch.testing.assert_close(stem(x), plain(x))
    assert stem[0].weight.shape[0] == 2


def test_a_lower_resolution_is_the_mean_of_neighbouring_pixels():
    small = torch.randn(2, 3, 6, 6)
    contrast = torch.randn(2, 3, 6, 6)
    image = torch.stack([small + contrast, small - contrast], -1).repeat_interleave(2, 2).flatten(3)
    torch.manual_seed(0)
    half = Stem(in_channels=3, out_channels=8, stride=2, shrink=2).build()
    torch.manual_seed(0)
    whole = Stem(in_channels=3, out_channels=8, stride=2).build()
    torch.testing.assert_close(half(image), whole(small))

"""The straight-through estimator.

Hubara et al., "Binarized Neural Networks", NeurIPS 2016, arXiv 1602.02830.
"""

import math

from mobinet.binarizers.base import Binarizer, within


class STE(Binarizer):
    """sign(x) and sign(W), unscaled. Gradients: 1 where |x| <= 1, and where |W| <= 1, else 0."""

    activation_surrogate = within(1.0)
    weight_surrogate = within(1.0)
    scaled = False


class MeliusSTE(STE):
    """As MeliusNet (arXiv 2001.05936) has it: activations pass up to |x| = 1.3, weights everywhere."""

    activation_surrogate = within(1.3)
    weight_surrogate = within(math.inf)

"""ApproxSign and the magnitude-aware weights of Bi-Real Net.

Liu et al., "Bi-Real Net: Enhancing the Performance of 1-bit CNNs with Improved Representational Capability and
Advanced Training Algorithm", ECCV 2018, arXiv 1808.00278.
"""

from torch import Tensor

from mobinet.binarizers.base import Binarizer, mean_magnitude, surrogate_sign
from mobinet.binarizers.ste import within


def triangle(x: Tensor) -> Tensor:
    """2 - 2 |x| on |x| <= 1, else 0: the slope of a piecewise quadratic approximation of sign."""
    return (2 - 2 * x.abs()).clamp_(min=0)


class ApproxSign(Binarizer):
    """sign(x), and alpha * sign(W) with alpha = mean |W| over each filter.

    Gradients: 2 - 2 |x| on |x| <= 1 for activations (section 3.3); alpha * 1[|W| <= 1] for weights.
    """

    def activations(self, x: Tensor) -> Tensor:
        return surrogate_sign(x, triangle)

    def weights(self, weight: Tensor) -> Tensor:
        return self.scale(weight) * surrogate_sign(weight, within(1.0))

    def scale(self, weight: Tensor) -> Tensor:
        return mean_magnitude(weight)

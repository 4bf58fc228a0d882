"""ApproxSign and the magnitude-aware weights of Bi-Real Net.

Liu et al., "Bi-Real Net: Enhancing the Performance of 1-bit CNNs with Improved Representational Capability and
Advanced Training Algorithm", ECCV 2018, arXiv 1808.00278.
"""

from mobinet.binarizers.base import Binarizer, Surrogate, within


class ApproxSign(Binarizer):
    """sign(x), and alpha * sign(W) with alpha = mean |W| over each filter.

    Gradients: 2 - 2 |x| on |x| <= 1 for activations (section 3.3), the slope of a piecewise quadratic approximation
    of sign; alpha * 1[|W| <= 1] for weights.
    """

    activation_surrogate = Surrogate(peak=2.0, fall=2.0, knee=1.0)
    weight_surrogate = within(1.0)

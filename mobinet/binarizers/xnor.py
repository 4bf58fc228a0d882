"""XNOR scaling.

Rastegari et al., "XNOR-Net: ImageNet Classification Using Binary Convolutional Neural Networks", ECCV 2016,
arXiv 1603.05279; as MoBiNet (WACV 2020) uses it.
"""

from mobinet.binarizers.base import Binarizer, within


class XNOR(Binarizer):
    """Weights: alpha * sign(W), alpha = mean |W| over each filter. Activations: sign(x).

    Gradients: dL/dx = dL/dsign(x) * 1[|x| <= 1]; dL/dW = dL/dW~ * (1/n + alpha * 1[|W| <= 1]) with W~ the binary
    weights and n the number of weights in a filter (section 3.1 of the paper).
    """

    activation_surrogate = within(1.0)
    weight_surrogate = within(1.0)
    through_scale = True

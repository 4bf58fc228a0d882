"""Trained binarization: the scales of weights and activations are trained.

Xu and Cheung, "Accurate and Compact Convolutional Neural Networks with Trained Binarization", BMVC 2019,
arXiv 1909.11366.
"""

import torch
from torch import Tensor, nn

from mobinet.binarizers.base import Binarizer, Surrogate, surrogate_sign

BEGIN = 0.05


class Trained(Binarizer):
    """alpha * sign(W), alpha trained per filter; beta * step(a), 0 or beta, beta trained for the layer.

    Gradients: 4 - 8 |W| on |W| <= 0.5 for sign(W); 2 - 4 |a| up to |a| = 0.4 and 0.4 up to 1 for step(a). The paper
    holds alpha with an L2 penalty, and W with none. It does not say where W begins; here within `BEGIN`: far from zero
    a weight keeps its sign through a short training (docs/evidence/networks.md), beyond 0.5 for ever.
    """

    activation_surrogate = Surrogate(peak=2.0, fall=4.0, knee=0.4, tail=0.4, reach=1.0)
    weight_surrogate = Surrogate(peak=4.0, fall=8.0, knee=0.5)
    low = 0.0
    weight_parameters = ("alpha",)

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels)
        self.alpha = nn.Parameter(torch.ones(out_channels, 1, 1, 1))
        self.gain = nn.Parameter(torch.ones(()))

    def weights(self, weight: Tensor) -> Tensor:
        return self.alpha * surrogate_sign(weight, self.weight_surrogate)

    def scale(self, weight: Tensor) -> Tensor:
        return self.alpha.detach()

    def init_weight(self, weight: Tensor) -> None:
        nn.init.uniform_(weight, -BEGIN, BEGIN)
        with torch.no_grad():
            self.alpha.fill_((2 / weight[0].numel()) ** 0.5)

"""RSign, the sign with a trained threshold.

Liu et al., "ReActNet: Towards Precise Binary Neural Network with Generalized Activation Functions", ECCV 2020,
arXiv 2003.03488.
"""

import torch
from torch import nn

from mobinet.binarizers.approxsign import ApproxSign


class React(ApproxSign):
    """sign(x - shift), with a trained shift per channel (equation 1); weights as in Bi-Real Net.

    Gradients: ApproxSign's at x - shift.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels)
        self.shift = nn.Parameter(torch.zeros(1, in_channels, 1, 1))

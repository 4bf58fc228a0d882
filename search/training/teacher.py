"""A trained network that another one learns from."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from search.data.preparation import Preparation, fit_shape


class Teacher:
    """A trained network, and how the images of another one's training become its own.

    Args:
        net: (N, C, H, W) -> (N, classes); its training is over.
        input_shape: (C, H, W) of its images.
        mean, std: of each channel, by which its images are normalised; 0 and 1 for images in 0..1.
        images: how the images that come are prepared.
        device: where.
    """

    def __init__(
        self,
        net: nn.Module,
        *,
        input_shape: tuple[int, int, int],
        mean: tuple[float, ...],
        std: tuple[float, ...],
        images: Preparation,
        device: torch.device,
    ) -> None:
        self.net = net
        self.input_shape = input_shape
        self._mean, self._std = (torch.tensor(v, device=device).view(1, -1, 1, 1) for v in (mean, std))
        self._given = images

    @torch.no_grad()
    def scores(self, images: Tensor) -> Tensor:
        """The scores of normalised images (N, c, h, w): (N, classes)."""
        pixels = fit_shape(self._given.restored(images), self.input_shape)
        return self.net((pixels - self._mean) / self._std)

    def divergence(self, images: Tensor, outputs: Tensor, temperature: float = 1.0) -> Tensor:
        """How far a network is from its teacher, for each image, (N,).

        T^2 KL(softmax(t / T) || softmax(s / T)), with the scores t of the teacher, s of the network, and the
        temperature T. ReActNet (arXiv 2003.03488, equation 4) learns from this alone, with T = 1; Real-to-Binary
        (arXiv 2003.11535, section 3) adds it to the loss on labels. T^2 keeps the size of the gradient: Hinton et al.,
        "Distilling the Knowledge in a Neural Network", 2015, arXiv 1503.02531.

        Args:
            images: (N, C, H, W), that the network got.
            outputs: (N, classes), s.
            temperature: T.
        """
        wanted, found = ((scores / temperature).log_softmax(1) for scores in (self.scores(images), outputs))
        return temperature**2 * F.kl_div(found, wanted, reduction="none", log_target=True).sum(1)

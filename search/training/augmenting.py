"""Random changes of training images, by torchvision, on the device."""

from collections.abc import Sequence

import torch
from torch import Tensor

from search.data.preparation import Preparation
from search.training.seeds import seeded
from space import InputError

TOGETHER = 8
"""Images that share a draw: one draw for each image would be as many kernels as there are images."""
ERASED = 0.25
"""Share of the draws that erase, as torchvision's references have it."""


def alternating_flips(count: int, seed: int, epoch: int) -> Tensor:
    """Which of the images are mirrored in an epoch, (count,): half of them, and in the next epoch the others.

    So two epochs in a row show each image both ways, where flips drawn in each epoch show half of the images twice
    alike: Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", 2024, arXiv 2404.00498.

    Args:
        count: number of images.
        seed: of the draw in the first epoch.
        epoch: from 0 on.
    """
    first = torch.randint(2, (count,), generator=torch.Generator().manual_seed(seed))
    return (first + epoch) % 2


class Augmenting:
    """Changes batches, in this order: one of RandAugment (Cubuk et al., arXiv 1909.13719) and TrivialAugment (Mueller
    and Hutter, arXiv 2103.10158), or both; random erasing (Zhong et al., arXiv 1708.04896); one of mixup (Zhang et al.,
    arXiv 1710.09412, alpha = 0.2) and CutMix (Yun et al., arXiv 1905.04899, alpha = 1), drawn for each batch where both
    are asked for. Else settings are torchvision's own.

    Args:
        names: in `search.recipe.AUGMENTATIONS`, except the alternating flip.
        images: how images are prepared.
        classes: number of classes.

    Raises:
        InputError: images are neither grey nor in colour.
    """

    def __init__(self, names: Sequence[str], images: Preparation, classes: int) -> None:
        from torchvision.transforms import v2

        if images.input_shape[0] not in (1, 3):
            raise InputError("--augment is for images of 1 or 3 channels")
        self._preparation = images
        of_images = {
            "randaugment": v2.RandAugment,
            "trivialaugment": v2.TrivialAugmentWide,
            "erasing": lambda: v2.RandomErasing(p=ERASED, value=list(images.mean)),  # pyright: ignore[reportArgumentType]
        }
        of_pairs = {
            "mixup": lambda: v2.MixUp(alpha=0.2, num_classes=classes),
            "cutmix": lambda: v2.CutMix(alpha=1.0, num_classes=classes),
        }
        self._of_images = [make() for name, make in of_images.items() if name in names]
        pairs = [make() for name, make in of_pairs.items() if name in names]
        self._of_pairs = v2.RandomChoice(pairs) if pairs else None

    def __call__(self, images: Tensor, labels: Tensor, seed: int) -> tuple[Tensor, Tensor]:
        """Other images, and labels, or shares of the classes where images are mixed.

        Args:
            images: (N, C, H, W), normalised.
            labels: (N,).
            seed: of all that is drawn, on any device alike.

        Returns:
            (N, C, H, W), normalised; (N,), or (N, classes) where images are mixed.
        """
        pixels = self._preparation.restored(images).clamp_(0, 1)
        with seeded(seed):
            for transform in self._of_images:
                pixels = torch.cat([transform(few) for few in pixels.split(TOGETHER)])
            if self._of_pairs:
                pixels, labels = self._of_pairs(pixels, labels)
        return self._preparation.normalised(pixels), labels

"""From stored images to a network's input: shape, augmentation, normalisation."""

from dataclasses import dataclass
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from search.data.catalog import Augmentation

Shape = tuple[int, int, int]
"""(C, H, W) of one image."""
Part = tuple[int, int]
"""Which of how many equal parts."""
WHOLE = (0, 1)


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """What turns stored images into a network's input.

    Args:
        input_shape: (C, H, W).
        mean, std: of each channel of the input, in 0..1.
        augmentation: for training batches.
    """

    input_shape: Shape
    mean: tuple[float, ...]
    std: tuple[float, ...]
    augmentation: Augmentation

    def __call__(self, pixels: Tensor, generator: torch.Generator | None, part: Part = WHOLE) -> Tensor:
        """uint8 (N, c, h, w), a part of a batch -> float (N, C, H, W); augmented where there is a generator.

        On a GPU nothing waits for what went before.
        """
        images = fit_shape(pixels.float() / 255, self.input_shape)
        if generator is not None:
            images = augment(images, self.augmentation, generator, part)
        mean, std = (_constants(values, images.device) for values in (self.mean, self.std))
        return ((images - mean) / std).contiguous(memory_format=torch.channels_last)


@cache
def _constants(values: tuple[float, ...], device: torch.device) -> Tensor:
    return torch.tensor(values, device=device).view(1, -1, 1, 1)


def fit_shape(images: Tensor, shape: Shape) -> Tensor:
    """(N, c, h, w) -> (N, C, H, W): grey repeated or colours averaged; a narrow black border added, else resized."""
    channels, height, width = shape
    if images.shape[1] != channels:
        images = images.expand(-1, channels, -1, -1) if images.shape[1] == 1 else images.mean(1, keepdim=True)
    dy, dx = height - images.shape[2], width - images.shape[3]
    if dy == dx == 0:
        return images
    if 0 <= dy <= height // 4 and 0 <= dx <= width // 4:
        return F.pad(images, (dx // 2, dx - dx // 2, dy // 2, dy - dy // 2))
    return F.interpolate(images, (height, width), mode="bilinear", antialias=True)


def augment(images: Tensor, augmentation: Augmentation, generator: torch.Generator, part: Part = WHOLE) -> Tensor:
    """Shift and mirror each of (N, C, H, W), a part of a batch, at random.

    An image's draw depends neither on the device nor on the parts.
    """
    n, _, height, width = images.shape
    batch, mine = n * part[1], slice(n * part[0], n * part[0] + n)
    shift = round(augmentation.shift * height)
    rows = torch.arange(height).expand(n, -1)
    columns = torch.arange(width).expand(n, -1)
    if shift:
        images = F.pad(images, (shift,) * 4)
        rows = rows + torch.randint(2 * shift + 1, (batch, 1), generator=generator)[mine]
        columns = columns + torch.randint(2 * shift + 1, (batch, 1), generator=generator)[mine]
    if augmentation.flip:
        mirrored = torch.rand(batch, 1, generator=generator)[mine] < 0.5
        columns = torch.where(mirrored, columns.flip(1), columns)
    if not (shift or augmentation.flip):
        return images
    rows, columns = (where.to(images.device, non_blocking=True) for where in (rows, columns))
    each = torch.arange(n, device=images.device).view(n, 1, 1)
    return images.permute(0, 2, 3, 1)[each, rows.unsqueeze(2), columns.unsqueeze(1)].permute(0, 3, 1, 2)

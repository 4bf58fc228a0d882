"""From stored images to a network's input: shape, augmentation, normalisation."""

from dataclasses import dataclass
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from search.data.catalog import Augmentation
from space.image_sizes import Shape


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

    def __call__(self, pixels: Tensor, draws: Tensor | None) -> Tensor:
        """uint8 (N, c, h, w) -> float (N, C, H, W); augmented as `draws`, (N, 3), says where there are some.

        On a GPU nothing waits for what went before.
        """
        images = fit_shape(pixels.float() / 255, self.input_shape)
        if draws is not None:
            images = augment(images, self.augmentation, draws)
        return self.normalised(images)

    def normalised(self, images: Tensor) -> Tensor:
        """Of images in 0..1, (N, C, H, W), what a network takes."""
        mean, std = self._moments(images.device)
        return ((images - mean) / std).contiguous(memory_format=memory_format(images.device))

    def restored(self, images: Tensor) -> Tensor:
        """The inverse of `normalised`, up to rounding."""
        mean, std = self._moments(images.device)
        return images * std + mean

    def _moments(self, device: torch.device) -> tuple[Tensor, Tensor]:
        return _constants(self.mean, device), _constants(self.std, device)

    def draw(self, batch: int, generator: torch.Generator) -> Tensor:
        """How each image of a batch is augmented, int64 (batch, 3), see `augment`."""
        shift, draws = self.augmentation.reach(self.input_shape[1]), torch.zeros(batch, 3, dtype=torch.int64)
        if shift:
            draws[:, :1] = torch.randint(2 * shift + 1, (batch, 1), generator=generator)
            draws[:, 1:2] = torch.randint(2 * shift + 1, (batch, 1), generator=generator)
        if self.augmentation.flip:
            draws[:, 2:] = torch.rand(batch, 1, generator=generator) < 0.5
        return draws


def memory_format(device: torch.device) -> torch.memory_format:
    """Of images: channels last, but contiguous on Apple's GPUs, which compute wrong or slowly on the other."""
    return torch.contiguous_format if device.type == "mps" else torch.channels_last


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


def augment(images: Tensor, augmentation: Augmentation, draws: Tensor) -> Tensor:
    """Shift and mirror each of (N, C, H, W).

    Args:
        images: a batch, or a part of one.
        augmentation: how far images are shifted.
        draws: (N, 3): the row and the column where each begins within a black border, and whether it is mirrored.
    """
    n, _, height, width = images.shape
    bordered = F.pad(images, (augmentation.reach(height),) * 4)
    row, column, mirrored = draws.unsqueeze(2).unbind(1)
    down, across = (torch.arange(size, device=images.device) for size in (height, width))
    across = torch.where(mirrored > 0, width - 1 - across, across)
    each = torch.arange(n, device=images.device).view(n, 1, 1)
    pixels = bordered.permute(0, 2, 3, 1)[each, (down + row).unsqueeze(2), (across + column).unsqueeze(1)]
    return pixels.permute(0, 3, 1, 2)

"""A split: images that come in batches, on the device, normalised and, for training, shuffled and augmented."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from random import Random

import torch
import torch.nn.functional as F
from torch import Tensor

from space.errors import InputError, first_line

Batches = Iterator[tuple[Tensor, Tensor]]
Part = tuple[int, int]
"""Which of how many equal parts."""
WHOLE = (0, 1)


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """Random changes of training images.

    Args:
        shift: largest shift, as a share of the image's side; what comes in at the border is black.
        flip: mirror half of the images.
    """

    shift: float = 0.0
    flip: bool = False


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """What turns stored images into a network's input.

    Args:
        input_shape: (C, H, W).
        mean, std: of each channel of the input, in 0..1.
        augmentation: for training batches.
    """

    input_shape: tuple[int, int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    augmentation: Augmentation

    def __call__(self, pixels: Tensor, generator: torch.Generator | None, part: Part = WHOLE) -> Tensor:
        """uint8 (N, c, h, w), a part of a batch -> float (N, C, H, W); augmented where there is a generator."""
        images = fit_shape(pixels.float() / 255, self.input_shape)
        if generator is not None:
            images = augment(images, self.augmentation, generator, part)
        mean, std = (images.new_tensor(values).view(1, -1, 1, 1) for values in (self.mean, self.std))
        return ((images - mean) / std).contiguous(memory_format=torch.channels_last)


class Split(ABC):
    """Images and labels.

    Args:
        preparation: what is done to every batch.
    """

    preparation: Preparation

    @abstractmethod
    def __len__(self) -> int:
        """The number of images."""

    @abstractmethod
    def first(self, count: int | None) -> "Split":
        """The first so many of them; all for None."""

    @abstractmethod
    def stored(
        self, batch_size: int, generator: torch.Generator | None, device: torch.device, part: Part = WHOLE
    ) -> Batches:
        """Stored images, uint8 (N, c, h, w), and labels (N,), on `device`.

        With a generator they are shuffled, and the odd rest is dropped.
        """

    def batches(self, batch_size: int, *, device: torch.device, seed: int | None = None, part: Part = WHOLE) -> Batches:
        """Float images (N, C, H, W) and labels (N,) on `device`.

        With a seed the batches are for training: shuffled, augmented, and an incomplete last one is left out unless
        it is the only one. Without one they are every image once, in order.

        Args:
            batch_size: images of a batch.
            device: where they go.
            seed: of order and augmentation.
            part: with a seed that part of each batch, which it must divide; without one that part of the images.
        """
        generator = None if seed is None else torch.Generator().manual_seed(seed)
        for pixels, labels in self.stored(batch_size, generator, device, part):
            yield self.preparation(pixels, generator, part), labels


@dataclass(frozen=True, kw_only=True)
class Images(Split):
    """Images held in memory, and on every device that asked for them.

    Args:
        pixels: uint8 (N, c, h, w).
        labels: int64 (N,).
    """

    pixels: Tensor
    labels: Tensor
    preparation: Preparation
    _copies: dict[torch.device, tuple[Tensor, Tensor]] = field(
        init=False, default_factory=dict, repr=False, compare=False
    )

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, count: int | None) -> "Images":
        return replace(self, pixels=self.pixels[:count], labels=self.labels[:count])

    def stored(
        self, batch_size: int, generator: torch.Generator | None, device: torch.device, part: Part = WHOLE
    ) -> Batches:
        if device not in self._copies:
            self._copies[device] = self.pixels.to(device), self.labels.to(device)
        pixels, labels = self._copies[device]
        order = _order(len(self), generator).to(device)
        for index in _chunks(order, batch_size, part, training=generator is not None):
            yield pixels[index], labels[index]


@dataclass
class _Wanted:
    """The batches of the next epoch, as what `Decoded` is asked for.

    Args:
        chunks: indices of each batch.
        crops: seed of each image's random crop, int64 (N,); None for centre crops.
    """

    chunks: Sequence[Tensor] = ()
    crops: Tensor | None = None

    def __iter__(self) -> Iterator[list[tuple[int, int | None]]]:
        for index in self.chunks:
            seeds = [None] * len(index) if self.crops is None else self.crops[index].tolist()
            yield list(zip(index.tolist(), seeds))


@dataclass(frozen=True, kw_only=True)
class Files(Split):
    """Image files, decoded as they are needed.

    Args:
        files: path and label of each image.
        preparation: as for every split.
        workers: processes that decode.
    """

    files: tuple[tuple[str, int], ...]
    preparation: Preparation
    workers: int
    _wanted: _Wanted = field(init=False, default_factory=_Wanted, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.files)

    def first(self, count: int | None) -> "Files":
        return replace(self, files=self.files[:count])

    @cached_property
    def _loader(self) -> torch.utils.data.DataLoader:
        """Its processes stay from one epoch to the next."""
        return torch.utils.data.DataLoader(
            Decoded(files=self.files, input_shape=self.preparation.input_shape),
            batch_sampler=self._wanted,
            num_workers=self.workers,
            persistent_workers=self.workers > 0,
            generator=torch.Generator(),
        )

    def stored(
        self, batch_size: int, generator: torch.Generator | None, device: torch.device, part: Part = WHOLE
    ) -> Batches:
        training = generator is not None
        self._wanted.chunks = _chunks(_order(len(self), generator), batch_size, part, training=training)
        self._wanted.crops = torch.randint(2**62, (len(self),), generator=generator) if training else None
        for pixels, labels in decoded_by(self._loader):
            yield pixels.to(device), labels.to(device)


@dataclass(frozen=True, kw_only=True)
class Decoded(torch.utils.data.Dataset):
    """Image files as uint8 (C, H, W): short side resized to 8/7 of H, then a random or a centre crop.

    An item is asked for by its index and the seed of its crop, None for the centre, so that it does not depend on the
    process that decodes it.
    """

    files: tuple[tuple[str, int], ...]
    input_shape: tuple[int, int, int]

    @cached_property
    def resize(self):
        from torchvision.transforms import v2

        channels, height, width = self.input_shape
        colour = v2.Grayscale() if channels == 1 else v2.RGB()
        return v2.Compose([colour, v2.Resize(max(height, width) * 8 // 7)])

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, item: tuple[int, int | None]) -> tuple[Tensor, int]:
        from PIL import Image
        from torchvision.transforms.v2 import functional

        index, seed = item
        path, label = self.files[index]
        _, height, width = self.input_shape
        try:
            with Image.open(path) as image:
                resized = self.resize(image.convert("RGB"))
            if seed is None:
                cropped = functional.center_crop(resized, [height, width])
            else:
                draw = Random(seed).randint
                top, left = draw(0, resized.height - height), draw(0, resized.width - width)
                cropped = functional.crop(resized, top, left, height, width)
            return functional.pil_to_tensor(cropped), label
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise InputError(f"{path} cannot be read as a picture ({first_line(error)}); remove it") from None


def decoded_by(loader: torch.utils.data.DataLoader) -> Batches:
    """What a loader of `Decoded` gives. Raises InputError for a picture that cannot be read, in one line."""
    try:
        yield from loader
    except InputError as error:  # from a worker process it comes with a traceback in its text
        raise InputError(str(error).strip().splitlines()[-1].removeprefix("space.errors.InputError: ")) from None


def fit_shape(images: Tensor, shape: tuple[int, int, int]) -> Tensor:
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
    rows, columns = rows.to(images.device), columns.to(images.device)
    each = torch.arange(n, device=images.device).view(n, 1, 1)
    return images.permute(0, 2, 3, 1)[each, rows.unsqueeze(2), columns.unsqueeze(1)].permute(0, 3, 1, 2)


def _order(count: int, generator: torch.Generator | None) -> Tensor:
    return torch.arange(count) if generator is None else torch.randperm(count, generator=generator)


def _chunks(order: Tensor, size: int, part: Part, *, training: bool) -> Sequence[Tensor]:
    """This part's indices of each batch."""
    if not training:
        order = _share(order, part)
        return order.split(size) if len(order) else ()
    chunks = order.split(size)
    chunks = chunks[:-1] if len(chunks) > 1 and len(chunks[-1]) < size else chunks
    return [_share(chunk, part) for chunk in chunks]


def _share(order: Tensor, part: Part) -> Tensor:
    index, count = part
    return order[len(order) * index // count : len(order) * (index + 1) // count]

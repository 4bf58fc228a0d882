"""Image files, decoded as they are needed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from random import Random

import torch
from torch import Tensor

from search.data.preparation import WHOLE, Part, Preparation
from search.data.split import Batches, Split, _chunks, _order
from space import InputError
from space.errors import first_line


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

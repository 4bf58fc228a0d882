"""A trained network that names the classes of pictures."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from subprocess import CalledProcessError
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mobinet.export import TrainedNetwork
from mobinet.export.c.compiled import Compiled, compiled
from mobinet.export.trained import find_model, load_trained
from mobinet.pictures import Unreadable, centre_of
from space import InputError
from space.reading import expanded

BATCH = 100
Images = NDArray[np.uint8]
"""(N, H, W, C), as large as the network's input."""


@dataclass(frozen=True, kw_only=True)
class Classifier:
    """A trained network and what its pictures are.

    Where there is a C compiler, the exported C runs, compiled once for this processor; else PyTorch.
    """

    network: TrainedNetwork

    @property
    def classes(self) -> tuple[str, ...]:
        return self.network.classes

    @property
    def net(self) -> nn.Module:
        """For images that are normalised already, (N, C, H, W) -> (N, classes)."""
        return self.network.net

    def predict(self, pictures: Images | Iterable[str | Path]) -> list[str]:
        """The class of each picture, see `scores`."""
        return [self.classes[best] for best in self.scores(pictures).argmax(1)]

    def scores(self, pictures: Images | Iterable[str | Path]) -> NDArray[np.float32]:
        """The scores of images, or of picture files, which are resized and cropped: (N, classes).

        Raises:
            InputError: images are not of the network's size, or a file cannot be read.
        """
        images = self._checked(pictures) if isinstance(pictures, np.ndarray) else self.images(pictures)
        return self._compiled.scores(images) if self._compiled else self.by_torch(images)

    def _checked(self, images: Images) -> Images:
        channels, height, width = self.network.architecture.input_shape
        if images.dtype != np.uint8 or images.shape[1:] != (height, width, channels):
            raise InputError(
                f"images are {images.dtype} {images.shape}; the network takes uint8 (N, {height}, {width}, {channels})"
            )
        return np.ascontiguousarray(images)

    def images(self, files: Iterable[str | Path]) -> Images:
        """Picture files as the network gets them, resized and cropped: what the exported C takes as bytes.

        Raises:
            InputError: a file cannot be read.
        """
        if isinstance(files, str | Path):
            raise InputError(f"give a list of pictures, not {files} alone")
        shape, images = self.network.architecture.input_shape, []
        for file in files:
            try:
                images.append(centre_of(str(file), shape, self.network.picture_side).permute(1, 2, 0).numpy())
            except Unreadable as error:
                raise InputError(f"cannot read the picture {file}: {error}") from None
        return np.ascontiguousarray(np.stack(images)) if images else np.empty((0, *shape[1:], shape[0]), np.uint8)

    def by_torch(self, images: Images) -> NDArray[np.float32]:
        """The scores as PyTorch computes them, (N, classes)."""
        mean, std = (torch.tensor(values).view(1, -1, 1, 1) for values in (self.network.mean, self.network.std))
        batches = torch.from_numpy(images).permute(0, 3, 1, 2).split(BATCH)
        with torch.inference_mode():
            return torch.cat([self.net((batch / 255 - mean) / std) for batch in batches]).numpy()

    @cached_property
    def _compiled(self) -> Compiled | None:
        """The network in C, where it has binary layers and there is a compiler."""
        with TemporaryDirectory() as folder, suppress(InputError, OSError, CalledProcessError):
            return compiled(self.network, Path(folder))
        return None


def load_packed(path: str | Path) -> Classifier:
    """The network in a `model.safetensors`, in the folder of a retraining, or in a run with one.

    Raises:
        InputError: there is none, or more than one, or it cannot be read.
    """
    return Classifier(network=load_trained(find_model(expanded(path))))

"""Test images that a retraining leaves beside its network, so that an export can be compared with PyTorch on them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors
import safetensors.torch
import torch
from numpy.typing import NDArray

from mobinet.export import TrainedNetwork
from mobinet.export.packed import digest
from space import InputError
from space.errors import first_line

NAME = "examples.safetensors"
MOST, MOST_BYTES = 1000, 8_000_000


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Images as a network gets them, and their classes.

    Args:
        images: uint8 (N, H, W, C).
        labels: int64 (N,).
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]


def most_examples(shape: tuple[int, int, int]) -> int:
    """How many images of a shape are kept."""
    return max(1, min(MOST, MOST_BYTES // int(np.prod(shape))))


def dump_examples(examples: Examples) -> bytes:
    """The examples as the bytes of a safetensors file."""
    state = {"images": torch.from_numpy(examples.images), "labels": torch.from_numpy(examples.labels)}
    return safetensors.torch.save(state, metadata={"sha256": digest(state, {})})


def read_examples(path: Path, network: TrainedNetwork) -> Examples | None:
    """The examples in a file; None where there is none, as beside networks of earlier versions.

    Raises:
        InputError: the file cannot be read, is not as it was written, or is of another network.
    """
    if not path.exists():
        return None
    remedy = "remove it to export without a comparison with PyTorch"
    if not path.is_file():  # a pipe would wait for its writer
        raise InputError(f"{path} is not a file; {remedy}")
    try:
        with safetensors.safe_open(path, "pt") as file:
            header = file.metadata() or {}
            state = {name: file.get_tensor(name).clone() for name in ("images", "labels")}
        sound = header.get("sha256") == digest(state, {})
    except (OSError, TypeError, ValueError, RuntimeError, safetensors.SafetensorError) as error:
        raise InputError(f"{path} cannot be read ({first_line(error)}); {remedy}") from None
    if not sound:
        raise InputError(f"{path} is damaged: its digest is that of other images; {remedy}")
    images, labels = (state[name].numpy() for name in ("images", "labels"))
    channels, height, width = network.architecture.input_shape
    pictures = images.dtype == np.uint8 and images.shape[1:] == (height, width, channels) and len(images)
    classes = labels.dtype == np.int64 and labels.shape == images.shape[:1]
    if not (pictures and classes and set(labels.tolist()) <= set(range(len(network.classes)))):
        raise InputError(f"{path} holds no images of the network beside it; {remedy}")
    return Examples(images=images, labels=labels)

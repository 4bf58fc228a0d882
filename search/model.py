"""A trained network that is evaluated, in PyTorch or in C: how it takes images, and its scores of them."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mobinet.export.c.compiled import is_exported, load_exported
from mobinet.export.trained import find_model, load_trained
from results.files import read_json
from results.run_config import read_config
from search.data.catalog import Augmentation
from search.data.preparation import Preparation
from search.training.devices import find_device
from space import InputError


@dataclass(frozen=True, kw_only=True)
class Model:
    """A trained network, in PyTorch or in C.

    Args:
        classes: name of each score.
        preparation: how it takes images.
        scores: from prepared images, (N, C, H, W), to scores, (N, classes).
        device: where the images have to be.
        dataset, data_dir: which images it was trained on; empty where that is not known.
    """

    classes: tuple[str, ...]
    preparation: Preparation
    scores: Callable[[Tensor], NDArray[np.float32]]
    device: str
    dataset: str = ""
    data_dir: str = "data"


def load_model(path: Path, device: str | None) -> Model:
    """The network at `path`, see `search.evaluate`. Raises InputError."""
    return load_c(path) if is_exported(path) else load_torch(path, device)


def load_torch(path: Path, device: str | None) -> Model:
    """What `search.retrain` left, on a device."""
    place, file = find_device(device), find_model(path)
    network = load_trained(file)
    net = network.net.to(place)

    def scores(images: Tensor) -> NDArray[np.float32]:
        with torch.inference_mode():
            return net(images).float().cpu().numpy()

    name, data_dir = trained_on(file.parent)
    preparation = Preparation(
        input_shape=network.architecture.input_shape,
        mean=network.mean,
        std=network.std,
        augmentation=Augmentation(),
    )
    return Model(
        classes=network.classes, preparation=preparation, scores=scores, device=place, dataset=name, data_dir=data_dir
    )


def load_c(folder: Path) -> Model:
    """What `mobinet.export --format c` left. It normalises images itself, and takes bytes."""
    exported = load_exported(folder)
    channels = exported.input_shape[0]

    def scores(images: Tensor) -> NDArray[np.float32]:
        pixels = (images * 255).round_().to(torch.uint8).permute(0, 2, 3, 1)
        return exported.compiled.scores(pixels.contiguous().numpy())

    preparation = Preparation(
        input_shape=exported.input_shape, mean=(0.0,) * channels, std=(1.0,) * channels, augmentation=Augmentation()
    )
    return Model(classes=exported.classes, preparation=preparation, scores=scores, device="cpu")


def trained_on(folder: Path) -> tuple[str, str]:
    """The data set of the retraining in `folder`, empty if it is not known, and where it had its images."""
    with suppress(InputError, AttributeError):
        summary = read_json(folder / "summary.json")
        name, data_dir = summary.get("dataset", ""), summary.get("data_dir")
        if data_dir is None:  # as of earlier versions
            with suppress(InputError):
                config = read_config(folder.parent.parent)
                data_dir = config.data_dir if config.dataset == name else None
        return str(name), str(data_dir or "data")
    return "", "data"

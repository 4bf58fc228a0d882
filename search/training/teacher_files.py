"""From what a user names as the teacher to a network. What a TorchScript or exported file holds is a program."""

import warnings
from collections.abc import Sequence
from hashlib import file_digest
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import torch
from torch import nn

from mobinet.export.trained import find_model, load_trained
from search.data.from_files import IMAGENET_MEAN, IMAGENET_STD
from search.data.preparation import Preparation
from search.training.teacher import Teacher
from space import InputError
from space.errors import first_line
from space.reading import expanded, size_of

TORCHVISION = "torchvision:"
SCRIPT, EXPORTED = ".pt", ".pt2"


def digest_of(teacher: str) -> str:
    """Sixteen hexadecimal digits of the file. Raises InputError where there is none."""
    path = _file(teacher)
    size_of(path)
    with open(path, "rb") as file:
        return file_digest(file, "sha256").hexdigest()[:16]


def load_teacher(teacher: str, classes: Sequence[str], images: Preparation, device: torch.device) -> Teacher:
    """The teacher that a user names.

    Args:
        teacher: the folder of a retraining or its ``model.safetensors``; a TorchScript file, ``.pt``, or one of
            `torch.export`, ``.pt2``, which both get images in 0..1; or ``torchvision:resnet18:weights.pth``, a model of
            torchvision and the file of its weights, which gets images normalised as torchvision's own are.
        classes: names of the outputs.
        images: how the images of the training are prepared.
        device: where.

    Raises:
        InputError: there is none, or it cannot be used.
    """
    path, shape = _file(teacher), images.input_shape
    size_of(path)
    mean, std = (0.0,) * shape[0], (1.0,) * shape[0]
    if teacher.startswith(TORCHVISION):
        net = _torchvision(teacher, path, len(classes))
        mean, std = IMAGENET_MEAN[: shape[0]], IMAGENET_STD[: shape[0]]
    elif path.suffix in (SCRIPT, EXPORTED):
        net = _program(path, device)
    else:
        trained = load_trained(path)
        if trained.classes != tuple(classes):
            raise InputError(f"--teacher {teacher} was trained on images of other classes")
        net, shape, mean, std = trained.net, trained.architecture.input_shape, trained.mean, trained.std
    found = Teacher(net.to(device), input_shape=shape, mean=mean, std=std, images=images, device=device)
    _check(found, teacher, images, len(classes), device)
    return found


def absolute_teacher(teacher: str) -> str:
    """The same teacher for a process in another folder; empty for no teacher. Raises InputError where it names none."""
    if not teacher:
        return ""
    head, path = _parts(teacher)
    return f"{head}{path.absolute()}"


def _file(teacher: str) -> Path:
    head, path = _parts(teacher)
    return path if head or path.suffix in (SCRIPT, EXPORTED) else find_model(path)


def _parts(teacher: str) -> tuple[str, Path]:
    """``torchvision:NAME:``, or nothing, and the path after it."""
    if not teacher.startswith(TORCHVISION):
        return "", expanded(teacher)
    name, _, file = teacher.removeprefix(TORCHVISION).partition(":")
    if not (name and file):
        raise InputError(f"--teacher {teacher} names no file; write torchvision:resnet18:weights.pth")
    return f"{TORCHVISION}{name}:", expanded(file)


def _torchvision(teacher: str, path: Path, classes: int) -> nn.Module:
    from torchvision.models import get_model, list_models

    name = teacher.removeprefix(TORCHVISION).partition(":")[0]
    if name not in list_models():
        raise InputError(f"--teacher {teacher}: torchvision has no model {name}")
    try:
        net = get_model(name, weights=None, num_classes=classes)
        net.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # torch raises many kinds on a damaged file
        raise InputError(
            f"{path} does not hold the weights of {name} of {classes} classes: {first_line(error)}"
        ) from None
    return net.requires_grad_(False).eval()


def _program(path: Path, device: torch.device) -> nn.Module:
    try:
        if not is_zipfile(path):
            raise ValueError("no archive")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # TorchScript is deprecated
            if path.suffix == EXPORTED:
                return torch.export.load(path).module()
            return torch.jit.load(path, map_location=device).eval()
    except Exception as error:  # torch raises many kinds
        kind = "of torch.export" if path.suffix == EXPORTED else "TorchScript"
        raise InputError(f"--teacher {path} is not {kind}: {first_line(error)}") from None


def _check(teacher: Teacher, name: str, images: Preparation, classes: int, device: torch.device) -> None:
    """Raises InputError where it does not answer to two images with scores of the classes."""
    some: Any = torch.zeros(2, *images.input_shape, device=device)
    try:
        found = tuple(teacher.scores(some).shape)
    except Exception as error:  # the user's program, or images of another size
        problem = f"does not take images {tuple(some.shape)}: {first_line(error)}"
    else:
        if found == (2, classes):
            return
        problem = f"gives {found} for two images of {classes} classes"
    raise InputError(f"--teacher {name} {problem}")

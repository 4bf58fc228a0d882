"""What the commands that train share: their flags."""

import argparse
import math

import torch

from search.data import DATASETS
from space import InputError
from space.binarizers import BINARIZERS
from space.errors import first_line


def natural_int(text: str) -> int:
    if (value := int(text)) < 0:
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return value


def positive_int(text: str) -> int:
    if (value := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def positive_float(text: str) -> float:
    if not 0 < (value := float(text)) < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def add_common_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of every command that trains."""
    parser.add_argument("--dataset", choices=DATASETS, help="default: digits, or the file's")
    parser.add_argument("--data-dir", help="where the data set is, or is downloaded to (default: data, or the file's)")
    parser.add_argument("--binarizer", choices=BINARIZERS, help="in all layers (default: the network's usual one)")
    parser.add_argument("--epochs", type=positive_int, help="default: the data set's preset")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", help="cpu, cuda, cuda:1... (default: cuda if there is one)")


def find_device(name: str | None) -> str:
    """The device asked for, or the best there is. Raises InputError when it is not there."""
    if name is None:
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        if torch.device(name).type not in ("cpu", "cuda", "mps"):
            raise RuntimeError("use cpu, cuda or mps")
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError, NotImplementedError, ImportError) as error:
        raise InputError(f"--device {name} cannot be used: {first_line(error)}") from None
    return name

"""What the commands that train share: their flags."""

import argparse
import math
import re

import torch

from search.data.sources import DATASETS
from space import InputError
from space.binarizers import BINARIZERS
from space.errors import first_line

BACKENDS = ("local", "ray")
LARGEST_SEED = 2**49
"""The seed of an epoch, 10007 times as much, still fits torch's 64 bits."""


def natural_int(text: str) -> int:
    if (value := int(text)) < 0:
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return value


def seed_int(text: str) -> int:
    if abs(value := int(text)) > LARGEST_SEED:
        raise argparse.ArgumentTypeError(f"{text} is not between -{LARGEST_SEED} and {LARGEST_SEED}")
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
    parser.add_argument("--dataset", choices=DATASETS, help="default: digits; for a network from a file, the file's")
    parser.add_argument(
        "--data-dir",
        help="where the data set is, or is downloaded to (default: data; for a network from a file, the file's)",
    )
    parser.add_argument("--binarizer", choices=BINARIZERS, help="in all layers (default: the network's usual one)")
    parser.add_argument("--epochs", type=positive_int, help="default: the data set's preset")
    parser.add_argument("--seed", type=seed_int, default=0)
    parser.add_argument("--device", help="cpu, cuda, cuda:1... (default: cuda if there is one)")


def add_backend_flags(parser: argparse.ArgumentParser) -> None:
    """What runs the evaluations."""
    parser.add_argument("--backend", choices=BACKENDS, default="local", help="processes of this machine, or Ray Tune")
    parser.add_argument("--workers", type=natural_int, help="processes that train side by side; 0 trains in this one")
    parser.add_argument("--time-limit", type=positive_float, help="seconds after which a trial fails (default: none)")
    parser.add_argument("--address", help="HOST:PORT of a running Ray cluster, or auto (default: a Ray for this run)")
    parser.add_argument("--cpus-per-trial", type=positive_int, help="under Ray (default: 1)")
    parser.add_argument(
        "--gpus-per-trial", type=positive_float, help="under Ray; several trials share one at 0.5 or 0.25 (default: 1)"
    )


def check_backend_flags(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Refuse flags of one backend given to the other."""
    if args.backend != "ray":
        for flag in ("--address", "--cpus-per-trial", "--gpus-per-trial"):
            if getattr(args, flag[2:].replace("-", "_")) is not None:
                parser.error(f"{flag} goes with --backend ray")
        return
    if args.workers is not None:
        parser.error("--workers goes with --backend local; Ray runs as many trials as --cpus-per-trial leaves room for")
    if args.device not in (None, "cpu", "cuda"):
        parser.error("--backend ray takes --device cpu or cuda, and chooses which")
    if args.address and not re.fullmatch(r"auto|[^/]+:\d+", args.address):
        parser.error("--address is auto or HOST:PORT; run the search on one of the cluster's machines")
    if args.gpus_per_trial and args.gpus_per_trial > 1 and args.gpus_per_trial % 1:
        parser.error("--gpus-per-trial is a whole number, or below 1")


def find_device(name: str | None) -> str:
    """The device asked for, or the best there is. Raises InputError when it is not there."""
    if name is None:
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        kind = torch.device(name).type
        if kind not in ("cpu", "cuda", "mps"):
            raise RuntimeError("use cpu, cuda or mps")
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError, NotImplementedError, ImportError) as error:
        raise InputError(f"--device {name} cannot be used: {first_line(error)}") from None
    return "cpu" if kind == "cpu" else name

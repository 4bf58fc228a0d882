"""Flags of the commands that train. Parsing them needs no torch, so that ``--help`` is quick."""

import argparse
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from results.measures import CLASS_WEIGHTS, MEASURES
from search.data.catalog import DATASETS, dataset_called
from space import InputError
from space.binarizers import BINARIZERS
from space.command import user_path
from space.objective import read_latency

LARGEST_SEED = 2**49
"""The seed of an epoch, 10007 times as much, still fits torch's 64 bits."""
MOST = 10**9
"""Of epochs, trials, images: with more, a float that they are a factor of may overflow."""


def natural_int(text: str) -> int:
    return int(number(text, int, "a whole number from 0 on", lambda value: value >= 0))


def seed_int(text: str) -> int:
    kind = f"a whole number from -{LARGEST_SEED} to {LARGEST_SEED}"
    return int(number(text, int, kind, lambda value: abs(value) <= LARGEST_SEED))


def positive_int(text: str) -> int:
    return int(number(text, int, f"a whole number above 0, at most {MOST}", lambda value: 0 < value <= MOST))


def positive_float(text: str) -> float:
    return number(text, float, "a number above 0", lambda value: 0 < value < math.inf)


def duration(text: str) -> float:
    """Seconds, from a text such as ``90m``, ``2h`` or ``1h30m``."""
    found = re.fullmatch(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?", text)
    seconds = sum(float(part or 0) * unit for part, unit in zip(found.groups(), (3600, 60, 1))) if found else 0
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 45s, 90m, 2h or 1h30m")
    return seconds


def latency(text: str) -> float:
    try:
        return read_latency(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def amount(text: str) -> float:
    """Bytes, from a text such as ``64000``, ``64k`` or ``64KiB``."""
    found = re.fullmatch(r"([\d.e+]+)(k|M|KiB|MiB)?", text)
    unit = {"k": 1e3, "M": 1e6, "KiB": 2**10, "MiB": 2**20}.get(found[2] or "", 1) if found else 1
    kind = "a number of bytes above 0, such as 64000, 64k or 64KiB"
    return unit * number(found[1] if found else text, float, kind, lambda value: 0 < value < math.inf)


def dataset(text: str) -> str:
    try:
        return dataset_called(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(f"invalid choice: {error}") from None


def number(text: str, read: Callable[[str], float], kind: str, fits: Callable[[float], bool]) -> float:
    try:
        if fits(value := read(text)):
            return value
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is not {kind}")


def add_training_flags(parser: argparse._ActionsContainer, *, cuda: str, of_file: str = "") -> None:
    """Add the flags of every command that trains.

    Args:
        cuda: which GPUs ``--device cuda`` stands for.
        of_file: what is said of defaults that a file has, where the command takes one.
    """
    parser.add_argument(
        "--dataset",
        type=dataset,
        help=f"{', '.join(DATASETS)}, or a .py file with one of your own (default: digits{of_file})",
    )
    parser.add_argument(
        "--data-dir",
        type=lambda text: str(user_path(text)),
        help=f"where the data set is, or is downloaded to (default: data{of_file})",
    )
    parser.add_argument("--skip-broken", action="store_true", help="leave out pictures that cannot be read")
    parser.add_argument("--binarizer", choices=BINARIZERS, help="in all layers (default: the family's own)")
    parser.add_argument("--epochs", type=positive_int, help="of each training (default: the data set's own)")
    parser.add_argument(
        "--metric",
        choices=MEASURES,
        help=f"what is maximised on validation images (default: accuracy{of_file})",
    )
    parser.add_argument(
        "--class-weights",
        choices=CLASS_WEIGHTS,
        help=f"balanced: images of rare classes count more in the loss (default: none{of_file})",
    )
    parser.add_argument("--seed", type=seed_int, default=0, help="of everything that is drawn (default: 0)")
    parser.add_argument(
        "--device",
        help=f"cpu, cuda ({cuda}), cuda:1 (the second GPU), mps or xpu (default: the GPU, but cpu where there is none, "
        "where it cannot be used, or where it takes longer for small images)",
    )


@dataclass(frozen=True, kw_only=True)
class Flag:
    """A flag that goes with one value of another flag, as ``--address`` goes with ``--backend ray``.

    Args:
        name: such as ``--address``.
        hint: what to do instead, for those who give it with another value.
        settings: of `argparse.ArgumentParser.add_argument`; there is no default but None.
    """

    name: str
    hint: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)

    def given(self, args: argparse.Namespace) -> bool:
        """Whether the user gave it."""
        return getattr(args, self.name.removeprefix("--").replace("-", "_")) is not None


class Choice(Protocol):
    """An entry of a registry that a flag chooses from: an evaluator, a back end."""

    @property
    def summary(self) -> str:
        """What it does, in half a line."""
        ...

    @property
    def flags(self) -> tuple[Flag, ...]:
        """The flags that go with it alone."""
        ...


def add_choice(parser: argparse.ArgumentParser, flag: str, choices: Mapping[str, Choice], *, default: str) -> None:
    """Add a flag that chooses from a registry and, as a group for each entry, the flags that go with it."""
    summaries = "; ".join(f"{name}: {choice.summary}" for name, choice in choices.items())
    parser.add_argument(flag, choices=choices, default=default, help=f"{summaries} (default: {default})")
    for name, choice in choices.items():
        group = parser.add_argument_group(f"with {flag} {name}") if choice.flags else parser
        for own in choice.flags:
            group.add_argument(own.name, **own.settings)


def refuse_flags_of_others(
    parser: argparse.ArgumentParser, args: argparse.Namespace, flag: str, choices: Mapping[str, Choice], chosen: str
) -> None:
    """End with an error where a flag is given that goes with another value of `flag` than the `chosen` one."""
    for name, choice in choices.items():
        for own in choice.flags:
            if name != chosen and own.given(args):
                parser.error(f"{own.name} goes with {flag} {name}" + (f"; {own.hint}" if own.hint else ""))

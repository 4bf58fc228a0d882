"""Flags of the commands that train. Parsing them needs no torch, so that ``--help`` is quick."""

import argparse
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from results.command import user_path
from search.data.catalog import DATASETS
from space.binarizers import BINARIZERS

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


def add_training_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of every command that trains."""
    parser.add_argument("--dataset", choices=DATASETS, help="default: digits; for a network from a file, the file's")
    parser.add_argument(
        "--data-dir",
        type=lambda text: str(user_path(text)),
        help="where the data set is, or is downloaded to (default: data; for a network from a file, the file's)",
    )
    parser.add_argument("--skip-broken", action="store_true", help="leave out pictures that cannot be read")
    parser.add_argument("--binarizer", choices=BINARIZERS, help="in all layers (default: the family's own)")
    parser.add_argument("--epochs", type=positive_int, help="default: the data set's own")
    parser.add_argument("--seed", type=seed_int, default=0)
    parser.add_argument("--device", help="cpu, cuda, cuda:1... (default: cuda if there is one)")


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

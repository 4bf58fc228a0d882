"""The recipe of a full training: the data set's own or a named one, changed by a file and by flags."""

import argparse
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from search.flags import number, positive_float, positive_int
from search.recipe import AUGMENTATIONS, OPTIMIZERS, RECIPES, Recipe
from space import InputError
from space.reading import expanded, read_toml

SUFFIX = ".toml"
HALF = 0.5
"""Both papers of the training in two steps have steps of one length."""


@dataclass(frozen=True)
class Setting:
    """One field of a recipe, as users give it.

    Args:
        read: from its text to its value; raises argparse.ArgumentTypeError.
        help: of its flag; where there is none, a file alone sets it.
    """

    read: Callable[[str], Any]
    help: str = ""


def share(text: str) -> float:
    return number(text, float, "a number from 0 up to, not including, 1", lambda value: 0 <= value < 1)


def part(text: str) -> float:
    return number(text, float, "a number from 0 to 1", lambda value: 0 <= value <= 1)


def penalty(text: str) -> float:
    return number(text, float, "a number from 0 on", lambda value: 0 <= value < math.inf)


def latent_deviation(text: str) -> float:
    """Of latent weights: beyond these limits float32 has all of them 0, or a square infinite."""
    return number(text, float, "0 or a number from 1e-6 to 1e6", lambda value: value == 0 or 1e-6 <= value <= 1e6)


def optimizer(text: str) -> str:
    if text in OPTIMIZERS:
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is neither {' nor '.join(OPTIMIZERS)}")


def augmentations(text: str) -> str:
    names = text.split(",") if text else []
    if not set(names) <= set(AUGMENTATIONS):
        raise argparse.ArgumentTypeError(f"{text!r} is not some of {','.join(AUGMENTATIONS)}, with commas between")
    return ",".join(name for name in AUGMENTATIONS if name in names)


SETTINGS = {
    "epochs": Setting(positive_int),
    "batch_size": Setting(positive_int, "images a step"),
    "learning_rate": Setting(positive_float, "the highest, at the end of the warm-up"),
    "warmup": Setting(share),
    "scale_decay": Setting(penalty),
    "optimizer": Setting(optimizer, "adam, or sgd with Nesterov's momentum of 0.9"),
    "weight_decay": Setting(penalty, "factor of the L2 penalty on weights, such as 1e-5"),
    "label_smoothing": Setting(share, "share of each label that all classes divide, such as 0.1"),
    "ema": Setting(share, "decay of the average of the weights that is judged and kept, such as 0.999"),
    "first_step": Setting(share),
    "first_learning_rate": Setting(penalty),
    "first_weight_decay": Setting(penalty),
    "teacher_share": Setting(part),
    "teacher_temperature": Setting(positive_float),
    "teacher_maps": Setting(penalty),
    "latent_deviation": Setting(latent_deviation),
    "augment": Setting(
        augmentations, f"random changes of images, such as erasing,mixup; of {', '.join(AUGMENTATIONS)}"
    ),
}
"""By the fields of `Recipe`, which are the names in a file."""


def add_recipe_flags(parser: argparse.ArgumentParser) -> None:
    """Add ``--recipe`` and the flags that change single settings of it."""
    group = parser.add_argument_group("recipe", "default, also of --epochs: that of --recipe, or the data set's own")
    group.add_argument("--recipe", type=base, help=f"{', '.join(RECIPES)}, or a .toml file with settings")
    for name, setting in SETTINGS.items():
        if setting.help:
            group.add_argument(f"--{name.replace('_', '-')}", type=setting.read, help=setting.help)
    group.add_argument("--two-step", action="store_true", help="learn float weights in the first half of the epochs")


def base(text: str) -> str:
    """A named recipe, or the path of a file."""
    if text in RECIPES or text.endswith(SUFFIX):
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is neither {', '.join(RECIPES)} nor a {SUFFIX} file")


def recipe_of(args: argparse.Namespace, own: Recipe) -> Recipe:
    """What the flags ask for; `own` is the data set's. Raises InputError."""
    changes = {name: value for name in SETTINGS if (value := getattr(args, name, None)) is not None}
    if args.recipe in RECIPES:
        own = RECIPES[args.recipe]
    elif args.recipe:
        changes = {**read_settings(expanded(args.recipe)), **changes}
    recipe = replace(own, **changes)
    if args.two_step and not recipe.first_step:
        recipe = replace(recipe, first_step=HALF)
    if recipe.first_epochs == recipe.epochs > 1:
        raise InputError(
            f"first_step {recipe.first_step:g} leaves none of {recipe.epochs} epochs to binary weights; "
            "lower it, or give more --epochs"
        )
    if recipe.first_epochs == recipe.epochs:
        raise InputError("two steps take two epochs at least; give --epochs")
    if recipe.optimizer != own.optimizer and "learning_rate" not in changes:
        raise InputError(
            f"--optimizer {recipe.optimizer} needs --learning-rate: {own.learning_rate:g} is for {own.optimizer}"
        )
    return recipe


def read_settings(path: Path) -> Mapping[str, Any]:
    """The settings in a TOML file, by the fields of `Recipe`.

    Raises:
        InputError: it cannot be read, or holds something else.
    """
    return {name: _setting(path, name, value) for name, value in read_toml(path).items()}


def _setting(path: Path, name: str, value: Any) -> Any:
    if name == "teacher":
        raise InputError(f"{path}: a recipe names no teacher; give it with --teacher")
    if name not in SETTINGS:
        close = get_close_matches(name, SETTINGS, 1)
        meant = f"did you mean {close[0]}?" if close else f"a recipe has {', '.join(SETTINGS)}"
        raise InputError(f"{path}: a recipe has no {name}; {meant}")
    try:
        return SETTINGS[name].read(",".join(map(str, value)) if isinstance(value, list) else str(value))
    except argparse.ArgumentTypeError as error:
        raise InputError(f"{path}: {name}: {error}") from None

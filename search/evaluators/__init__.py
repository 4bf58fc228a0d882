"""Evaluators: each gives a network its accuracy. `EVALUATORS` names them; no module with torch is loaded before use."""

import argparse
import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from results.run_config import RunConfig
from search.evaluators.supernet_paths import PATHS
from search.flags import Flag, positive_int
from space import InputError, SearchSpace

if TYPE_CHECKING:
    from search.evaluators.on_images import OnImages

__all__ = ["EVALUATORS", "NOISY", "EvaluatorEntry", "is_noisy", "name_of"]

NOISY = "noisy"
"""An attribute of evaluators without an entry, and where their searches note it among their settings."""


@dataclass(frozen=True, kw_only=True)
class EvaluatorEntry:
    """What a search has to know of an evaluator before it is made.

    Args:
        summary: what it does, in half a line.
        module: where its function ``make`` is, see `EvaluatorEntry.make`.
        trials, sampler: defaults of ``--trials`` and ``--sampler``.
        noisy: whether another seed gives a network another accuracy. Then accuracies are smoothed by a regression
            before the front is chosen, and the noise is measured at the end.
        trains_first: whether `OnImages.prepare` trains in the process that starts the search.
        flags: that go with it alone.
        recorded: whether the steps of its training are recorded on CUDA, see `search.training.captured`.
    """

    summary: str
    module: str
    trials: int
    sampler: str
    noisy: bool
    trains_first: bool
    flags: tuple[Flag, ...] = ()
    recorded: bool = True

    def make(
        self, settings: dict[str, Any], args: argparse.Namespace, *, space: SearchSpace, folder: Path
    ) -> "OnImages":
        """The evaluator.

        Args:
            settings: the fields of `search.evaluators.on_images.OnImages`.
            args: the parsed flags, for those that go with it alone.
            space: what is searched.
            folder: the run's.
        """
        return importlib.import_module(self.module).make(settings, args, space=space, folder=folder)


EVALUATORS = {
    "proxy": EvaluatorEntry(
        summary="train each network briefly, from scratch",
        module="search.evaluators.proxy",
        trials=200,
        sampler="front",
        noisy=True,
        trains_first=False,
        flags=(
            Flag(
                name="--fidelity",
                settings={
                    "choices": ("full", "halving"),
                    "help": "train every network to the end, or stop those unlikely to reach the front (default: full)",
                },
            ),
            Flag(
                name="--proxy-images",
                settings={
                    "type": positive_int,
                    "help": "train each network on so many images (default: all, or as many as let the search end "
                    "within an hour on this CPU)",
                },
            ),
        ),
    ),
    "supernet": EvaluatorEntry(
        summary="train one network that holds all others, and judge each with its weights",
        module="search.evaluators.one_shot",
        trials=1000,
        sampler="evolution",
        noisy=False,
        trains_first=True,
        recorded=False,
        flags=(
            Flag(
                name="--paths",
                settings={
                    "choices": PATHS,
                    "help": "which networks a step of its training draws (default: cost-bins)",
                },
            ),
        ),
    ),
}


def name_of(evaluator: object) -> str:
    """The name of an evaluator's entry or, of one without an entry, of its function or class.

    Raises:
        InputError: one without an entry has the name of an entry.
    """
    module = type(evaluator).__module__
    for name, entry in EVALUATORS.items():
        if entry.module == module:
            return name
    own = getattr(evaluator, "__name__", type(evaluator).__name__)
    if own in EVALUATORS:
        raise InputError(f"your evaluator is called {own}, as one of mobinas is; call it otherwise")
    return own


def is_noisy(config: RunConfig) -> bool:
    """Whether in this search another seed gives a network another accuracy."""
    entry = EVALUATORS.get(config.evaluator)
    return entry.noisy if entry else config.evaluator_settings.get(NOISY, False)

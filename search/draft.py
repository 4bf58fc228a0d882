"""A search at the width, and on as many images, as this machine has time for."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from mobinet import cost
from search.backends import BACKENDS
from search.data.catalog import find_dataset
from search.data.dataset import DataSet
from search.evaluators import EVALUATORS
from search.evaluators.on_images import OnImages
from search.pace import ENOUGH, LIMIT, WIDTHS, Pace, seconds_per_image, typical
from space import SearchSpace, load_space
from space.family import family_names
from space.load import smaller_backbones
from space.objective import OBJECTIVES


def fitting_draft(
    args: argparse.Namespace, settings: dict[str, Any], folder: Path, check: Callable[[SearchSpace, int], None]
) -> "Draft":
    """The first draft with time for enough images; the last one, where none has.

    Where flags say how long trainings are, or the run in `folder` goes on, these decide, and nothing is timed.

    Args:
        check: raises InputError where networks of a space with so many classes cannot be searched; before the time
            that a timing takes, where there is one size.
    """
    limit = min(LIMIT, args.time_budget or LIMIT)
    (backbone, width), *smaller = _sizes(args, folder)
    first = draft = Draft.of(args, settings, folder, backbone, width)
    if not smaller:
        check(draft.space, len(draft.images.classes))
    if not _is_new_and_free(args, folder):
        return draft
    draft = draft.timed(args)
    for backbone, width in smaller:
        if draft.has_enough_images(args.trials, limit):
            break
        draft = Draft.of(args, settings, folder, backbone, width).timed(args)
    if smaller:
        check(draft.space, len(draft.images.classes))
    return draft.shortened(args.trials, limit, first.space)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A search at one size: what is searched, who evaluates it, on what, and at which pace, where that is known."""

    space: SearchSpace
    evaluator: OnImages
    images: DataSet
    pace: Pace | None = None

    @classmethod
    def of(
        cls, args: argparse.Namespace, settings: dict[str, Any], folder: Path, backbone: str | None, width: float
    ) -> "Draft":
        space = load_space(
            args.space, backbone=backbone, input_shape=wanted_shape(args), width=width, binarizer=args.binarizer
        )
        evaluator = EVALUATORS[args.evaluator].make(settings, args, space=space, folder=folder)
        return cls(space=space, evaluator=evaluator, images=evaluator.images(space.input_shape))

    def timed(self, args: argparse.Namespace) -> "Draft":
        """The same with its pace, where trainings are short and on a CPU of this machine."""
        kind, shares = EVALUATORS[args.evaluator], BACKENDS[args.backend].shares
        space, evaluator, images = self.space, self.evaluator, self.images
        if not shares or kind.trains_first or evaluator.device != "cpu":
            return self
        slots, threads = shares(args, space.input_shape, evaluator.device)
        price = OBJECTIVES["ops"].price(partial(cost, num_classes=len(images.classes)))
        print(
            f"timing a training of {space.backbone} at width {space.width:g}; the first time, kernels are compiled",
            flush=True,
        )
        network = typical(space, price, args.max_ops)
        pace = Pace(
            per_image=seconds_per_image(network, images, evaluator.recipe, threads=threads),
            epochs=evaluator.recipe.epochs,
            judged=len(images.validation),
            slots=max(1, slots),
        )
        return replace(self, pace=pace)

    def has_enough_images(self, trials: int, limit: float) -> bool:
        """Whether `limit` seconds are enough for trainings that rank networks."""
        return self.pace is None or self.pace.search(min(ENOUGH, len(self.images.train)), trials) <= limit

    def shortened(self, trials: int, limit: float, first: SearchSpace) -> "Draft":
        """The same on as many images as `limit` seconds are enough for; it says what differs from the `first` space."""
        if self.pace is None:
            return self
        space, evaluator = self.space, self.evaluator
        chosen = [f"--backbone {space.backbone}"] if space.backbone != first.backbone else []
        chosen += [f"--width {space.width:g}"] if space.width != first.width else []
        if (fitting := self.pace.affordable(len(self.images.train), trials, limit)) < len(self.images.train):
            evaluator = evaluator.shortened(fitting)
            chosen.append(f"--proxy-images {fitting}")
        images = evaluator.images(self.space.input_shape)
        return replace(self, evaluator=evaluator, images=images, pace=replace(self.pace, chosen=" ".join(chosen)))


def _sizes(args: argparse.Namespace, folder: Path) -> tuple[tuple[str | None, float], ...]:
    """Backbones and widths to choose from, large to small: one, where it is not ours to choose."""
    fixed = (
        args.backbone
        or args.image_size
        or args.channels
        or args.width
        or args.max_ops
        or args.latency
        or args.space not in family_names()
    )
    if fixed or not _is_new_and_free(args, folder):
        return ((args.backbone, args.width or WIDTHS[0]),)
    smaller = smaller_backbones(args.space, wanted_shape(args))
    return tuple((backbone, width) for backbone in (None, *smaller) for width in WIDTHS)


def wanted_shape(args: argparse.Namespace) -> tuple[int, int, int]:
    """(C, H, W) of the images: the data set's, unless flags say otherwise."""
    channels, height, width = find_dataset(args.dataset).input_shape
    return args.channels or channels, args.image_size or height, args.image_size or width


def _is_new_and_free(args: argparse.Namespace, folder: Path) -> bool:
    """Whether the run is new and no flag says how long its trainings are."""
    return args.epochs is None and args.proxy_images is None and not (folder / "config.json").exists()

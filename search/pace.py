"""How long trainings take on this machine, and how many images they can have if a search is to end in time."""

import time
from dataclasses import dataclass, replace
from math import ceil
from random import Random

import torch

from search.data.dataset import DataSet
from search.machine import use_threads
from search.recipe import Recipe
from search.training.seeds import seeded_build
from search.training.training import Training
from space import Architecture, SearchSpace
from space.bounds import extreme
from space.objective import Price

LIMIT = 3600.0
"""Seconds that a search with the default settings may take."""
ENOUGH = 5000
"""Training images of a proxy below which a narrower network is searched instead, if no flag says otherwise."""
WIDTHS = (1.0, 0.5, 0.25)
SAMPLES = 25
LARGEST_BATCH = 32
PASS_SHARE = 1 / 3
"""Of the time of a training step, a forward pass takes about so much."""
SIZES = tuple(digit * 10**power for power in range(9, 2, -1) for digit in (5, 2, 1))
"""Numbers of images to choose from: coarse, so that equal machines choose alike. Fewer would rank nothing."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """What a search of short trainings takes.

    Args:
        per_image: seconds in which a `typical` network learns one image once.
        epochs: of each training.
        judged: validation images, which each network sees once.
        slots: trials side by side.
        chosen: the flags that were chosen to save time.
    """

    per_image: float
    epochs: int
    judged: int
    slots: int
    chosen: str = ""

    def trial(self, images: int) -> float:
        """Seconds of a trial that trains on so many images."""
        return self.per_image * (self.epochs * images + PASS_SHARE * self.judged)

    def search(self, images: int, trials: int) -> float:
        """Seconds of so many trials, in rounds of `slots`."""
        return self.trial(images) * ceil(trials / self.slots)

    def affordable(self, images: int, trials: int, limit: float = LIMIT) -> int:
        """`images`, or the largest of `SIZES` with which the trials end in time; at least the smallest one."""
        if self.search(images, trials) <= limit:
            return images
        fitting = (size for size in SIZES if size <= images and self.search(size, trials) <= limit)
        return next(fitting, min(images, SIZES[-1]))


def typical(space: SearchSpace, price: Price, limit: float | None) -> Architecture:
    """A network of median cost among random ones within the budget; the cheapest one where none of them is."""
    rng = Random(0)
    networks = sorted((space.sample(rng) for _ in range(SAMPLES)), key=price)
    allowed = [network for network in networks if limit is None or price(network) <= limit]
    return allowed[len(allowed) // 2] if allowed else extreme(space, price)


def seconds_per_image(network: Architecture, images: DataSet, recipe: Recipe, *, threads: int) -> float:
    """Train two steps on the CPU; the time of one image in the second one. The first builds and compiles.

    Args:
        network: what is trained.
        images: on these.
        recipe: how.
        threads: with so many.
    """
    use_threads(threads)
    batch = images.train.first(min(recipe.batch_size, LARGEST_BATCH))
    net = seeded_build(network, len(images.classes), seed=0)
    training = Training(net, batch, recipe=replace(recipe, epochs=2), seed=0, device=torch.device("cpu"))
    training.run_epoch()
    began = time.perf_counter()
    training.run_epoch()
    seconds = time.perf_counter() - began
    torch.set_num_threads(1)  # as before
    return seconds / len(batch)

"""One-shot evaluation: a supernet is trained once, and every network is judged with its weights."""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import nn
from tqdm import tqdm

from mobinet import cost
from mobinet.supernet import Supernet, require_supernet
from search.data.dataset import DataSet
from search.evaluators.on_images import OnImages
from search.evaluators.supernet_paths import PATHS
from search.evaluators.supernet_training import SupernetTraining, calibrate
from search.machine import cores, keep_memory, missing_memory, use_threads, useful_threads
from search.training.checkpoint import open_checkpoint, save_checkpoint
from search.training.seeds import seeded
from search.training.threads import divide_threads
from search.training.training import NonFiniteLoss
from space import Architecture, InputError, SearchSpace

SAVE_EVERY = 10.0
"""Seconds of training that a crash may cost."""

LINES = 10
"""Of its progress, where there is no terminal for a bar."""


@dataclass(frozen=True, kw_only=True)
class OneShot(OnImages):
    """A network's path through a supernet, with batch-norm statistics of its own; `train` comes first.

    Args:
        space: whose networks are paths.
        paths: a name in `search.evaluators.supernet_paths.PATHS`.
        checkpoint: of the supernet's training.

    Raises:
        InputError: there is no supernet of this space.
    """

    space: SearchSpace
    paths: str
    checkpoint: Path

    in_threads: ClassVar[bool] = False  # its networks share pieces, and their running statistics

    def __post_init__(self) -> None:
        require_supernet(self.space)

    def prepare(self) -> None:
        """Train the supernet with all cores, and show how far that is. Raises InputError where it diverges."""
        use_threads(useful_threads(self.space.input_shape, cores()))
        with tqdm(total=self.recipe.epochs, desc="supernet", unit="epoch", dynamic_ncols=True, disable=None) as bar:

            def on_epoch(epoch: int, loss: float) -> None:
                bar.set_postfix_str(f"loss {loss:.3f}", refresh=False)
                bar.update(epoch - bar.n)
                if bar.disable and epoch % max(1, self.recipe.epochs // LINES) == 0:
                    print(f"supernet: epoch {epoch} of {self.recipe.epochs}, loss {loss:.3f}", flush=True)

            try:
                self.train(on_epoch)
            except NonFiniteLoss as error:
                raise InputError(f"the supernet diverged: {error}; use another --seed and --out") from None
            except RuntimeError as error:
                if missing := missing_memory(error):
                    raise InputError(f"{missing}; use a smaller --width, with another --out") from None
                raise

    def train(self, on_epoch: Callable[[int, float], None]) -> None:
        """Train the supernet, or resume from the checkpoint; one that is trained is left alone.

        Args:
            on_epoch: called with the number of each epoch and its loss.

        Raises:
            InputError: the checkpoint cannot be read.
            NonFiniteLoss: the training diverged.
        """
        images = self.images(self.space.input_shape)
        training = SupernetTraining(
            self._untrained(),
            images.train,
            recipe=self.recipe,
            seed=self.seed,
            device=torch.device(self.device),
            class_weights=self.class_weights,
            draw=PATHS[self.paths](self.space, lambda network: cost(network, len(images.classes)).ops),
        )
        if self.checkpoint.exists():
            with open_checkpoint(self.checkpoint) as state:
                training.load_state_dict(state)
        saved = time.perf_counter()
        while training.epoch < self.recipe.epochs:
            loss = training.run_epoch()
            if training.epoch == self.recipe.epochs or time.perf_counter() - saved > SAVE_EVERY:
                save_checkpoint(self.checkpoint, training.state_dict())
                saved = time.perf_counter()
            on_epoch(training.epoch, loss)

    def stages(
        self, architecture: Architecture, images: DataSet, seed: int, rungs: frozenset[int]
    ) -> Iterator[tuple[nn.Module, int]]:
        device = torch.device(self.device)
        net = self._trained.extract(architecture)
        divide_threads(net, device)
        calibrate(net, images.train, device=device, seed=self.seed)
        yield net, 0

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "evaluator_settings": {"paths": self.paths}}

    @cached_property
    def _trained(self) -> Supernet:
        net = self._untrained()
        with open_checkpoint(self.checkpoint) as state:
            net.load_state_dict(state["net"])
        keep_memory()
        return net.to(self.device)

    def _untrained(self) -> Supernet:
        classes = len(self.images(self.space.input_shape).classes)
        with seeded(self.seed):
            return Supernet(self.space, classes)


def make(settings: dict[str, Any], args: argparse.Namespace, *, space: SearchSpace, folder: Path) -> OneShot:
    """See `search.evaluators.EvaluatorEntry.make`."""
    checkpoint = folder.absolute() / "supernet" / "last.pt"
    return OneShot(**settings, space=space, paths=args.paths or "cost-bins", checkpoint=checkpoint)

"""Networks trained from scratch on the full schedule, side by side."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
import torch
from numpy.typing import NDArray

from search.data.dataset import load_dataset, load_test
from search.recipe import Recipe
from search.training.accuracy import accuracy
from search.training.retraining import VALIDATION
from search.training.seeds import seeded_build, training_seed
from search.training.training import Training
from space import Architecture

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class FullTraining:
    """How each network of a comparison is trained and judged.

    Args:
        dataset, data_dir: which images, and where.
        recipe: of the training.
        device: such as ``"cpu"`` or ``"cuda"``.
        images: train on the first so many images; None trains on all.
        validate: judge on the validation images instead of the test images.
    """

    dataset: str
    data_dir: str
    recipe: Recipe
    device: str
    images: int | None = None
    validate: bool = False

    def accuracies(self, networks: Sequence[Architecture], *, seeds: int, workers: int) -> Array:
        """Top-1 accuracy of each network under each seed, (seeds, n), trained by `workers` processes of one thread."""
        jobs = [(network, seed) for seed in range(seeds) for network in networks]
        with ProcessPoolExecutor(workers, get_context("spawn"), torch.set_num_threads, (1,)) as pool:
            return np.array(list(pool.map(self.accuracy_of, *zip(*jobs)))).reshape(seeds, len(networks))

    def accuracy_of(self, network: Architecture, seed: int) -> float:
        """Top-1 accuracy of one training after its last epoch, 0 to 1."""
        data = load_dataset(
            self.dataset, data_dir=self.data_dir, input_shape=network.input_shape, validation=VALIDATION
        )
        seed = training_seed(seed, network)
        device = torch.device(self.device)
        net = seeded_build(network, len(data.classes), seed)
        training = Training(net, data.train.first(self.images), recipe=self.recipe, seed=seed, device=device)
        while training.epoch < self.recipe.epochs:
            training.run_epoch()
        held_out = data.validation if self.validate else load_test(self.dataset, data_dir=self.data_dir, dataset=data)
        return accuracy(net, held_out, device=device)[0]


def deviation(accuracies: Array) -> Array:
    """Sample standard deviation over seeds, (seeds, n) -> (n,); 0 for a single seed."""
    return accuracies.std(0, ddof=min(1, len(accuracies) - 1))

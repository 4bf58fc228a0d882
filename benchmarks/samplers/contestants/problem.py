"""What a search is given in a contest, and what it yields."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter

from benchmarks.samplers.learning_curves import Array
from benchmarks.samplers.surrogate import Surrogate
from mobinet import cost
from space import Architecture, SearchSpace
from space.prices import Prices


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One training of a search.

    Args:
        network: the network that was trained.
        accuracy: what it reached when it ended, 0 to 1.
        epochs: how many epochs it was trained.
        completed: whether it was trained to the end. Only such networks can be on the front.
    """

    network: Architecture
    accuracy: float
    epochs: int
    completed: bool


class Problem:
    """A space, the OPs of its networks, and a surrogate in place of trainings.

    Args:
        space: what is searched.
        surrogate: gives the accuracies.
        num_classes: outputs of the networks.
        seed: of the search and of its trainings.
        first: networks that come before the hand-designed ones.
    """

    def __init__(
        self,
        space: SearchSpace,
        surrogate: Surrogate,
        num_classes: int,
        seed: int,
        first: tuple[Architecture, ...] = (),
    ) -> None:
        self.space = space
        self.seed = seed
        self.baselines = (*first, *space.baselines())
        self.epochs = surrogate.epochs
        self.training_seconds = 0.0
        """Time spent in the surrogate so far."""
        self.prices = Prices(space, self.ops, None)
        self._surrogate = surrogate
        self._num_classes = num_classes
        self._ops: dict[str, float] = {}

    def ops(self, network: Architecture) -> float:
        if network.key not in self._ops:
            self._ops[network.key] = cost(network, self._num_classes).ops
        return self._ops[network.key]

    def train(self, network: Architecture) -> Array:
        """The accuracy after each epoch, (epochs,), with the noise of one training."""
        began = perf_counter()
        curve = self._surrogate.train(network, self.seed)
        self.training_seconds += perf_counter() - began
        return curve

    def train_fully(self, network: Architecture) -> Trial:
        return Trial(network=network, accuracy=float(self.train(network)[-1]), epochs=self.epochs, completed=True)


Contestant = Callable[[Problem], Iterator[Trial]]
"""A search without end: it yields its trials one by one."""

"""Networks as rows of small integers and as the features of a regression."""

import numpy as np
from numpy.typing import NDArray

from search.samplers.encoding import Encoding, Rows
from search.samplers.fresh import distributions_of
from space import Architecture, SearchSpace


class NetworkEncoder:
    """Encodes the networks of one space as the samplers do."""

    def __init__(self, space: SearchSpace) -> None:
        self.encoding = Encoding.of(distributions_of(space))
        self._space = space

    def rows(self, networks: list[Architecture]) -> Rows:
        """The position of each free gene's choice, (n, genes)."""
        return np.array([self.encoding.encode(self._space.spell(network)) for network in networks])

    def features(self, networks: list[Architecture]) -> NDArray[np.float64]:
        """(n, features)."""
        return self.encoding.features(self.rows(networks))

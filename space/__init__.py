"""What can be searched: genes, architectures, and the spaces they span. Knows nothing of torch."""

from space.architecture import Architecture
from space.errors import InputError
from space.family import load_family
from space.load import load_space, named_network
from space.search_space import SearchSpace

__all__ = ["Architecture", "InputError", "SearchSpace", "load_family", "load_space", "named_network"]

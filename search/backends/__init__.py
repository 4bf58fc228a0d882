"""Back ends: each runs evaluations, several at a time. `BACKENDS` names them; none loads torch or Ray before use."""

from search.backends.backend import Backend, BackendEntry
from search.backends.local import LOCAL
from search.backends.ray_tune import RAY_TUNE

__all__ = ["BACKENDS", "Backend", "BackendEntry"]

BACKENDS = {"local": LOCAL, "ray": RAY_TUNE}

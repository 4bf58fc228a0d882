"""torch's random state, from which the weights of a network that is built are drawn."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

import torch

_one_at_a_time = RLock()


@contextmanager
def random_state_kept() -> Iterator[None]:
    """Within it torch may draw on the CPU; afterwards its random state is as it was. One thread at a time.

    Threads share the state: one that counts a network would else change the weights that another draws.
    """
    with _one_at_a_time, torch.random.fork_rng(devices=[]):
        yield

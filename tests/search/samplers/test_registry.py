"""The registry of samplers."""

import subprocess
import sys

import pytest
from fakes import price, small_space
from optuna.samplers import BaseSampler

from search.samplers import SAMPLERS
from space.prices import Prices


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize("name", SAMPLERS)
def test_each_is_made_from_a_seed_and_prices(name):
    entry = SAMPLERS[name]
    prices = Prices(small_space(k=[0, 1]), lambda network: price(network).ops, None)
    assert isinstance(entry.make(0, prices), BaseSampler)
    assert entry.summary and "\n" not in entry.summary


def test_their_names_are_read_without_torch_and_optuna():
    code = "import sys, search.samplers; print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(ended.stdout.split())
    assert "search.samplers" in loaded and not loaded & {"torch", "optuna", "numpy"}

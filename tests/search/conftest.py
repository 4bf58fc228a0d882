"""Fixtures of the search tests."""

import optuna
import pytest
import torch

from search.data import load_dataset


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Small operators on a busy machine: more threads only wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def digits():
    return load_dataset("digits", data_dir="data", input_shape=(1, 8, 8), validation=0.4)

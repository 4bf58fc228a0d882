"""Where Triton's kernels run: on a GPU, or else in a process that interprets them."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from unittest.mock import patch

import pytest
import torch


@pytest.fixture(scope="session")
def run() -> Iterator[Callable]:
    """Calls a function of a device and more there."""
    if torch.cuda.is_available():
        yield lambda function, *args, **kwargs: function("cuda", *args, **kwargs)
        return
    spawn = get_context("spawn")
    one_thread = ProcessPoolExecutor(1, spawn, initializer=torch.set_num_threads, initargs=(1,))
    with one_thread as worker:
        with patch.dict(os.environ, TRITON_INTERPRET="1"):
            worker.submit(int).result()  # the process starts
        yield lambda function, *args, **kwargs: worker.submit(function, "cpu", *args, **kwargs).result()

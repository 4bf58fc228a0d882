"""What `benchmarks.speed.first_gpu` says of a GPU on which something is wrong."""

from contextlib import nullcontext
from itertools import count
from threading import Thread

import pytest
import torch

from benchmarks.speed import first_gpu
from benchmarks.speed.first_gpu import side_by_side
from search.backends import streams


@pytest.fixture
def without_gpu(monkeypatch):
    monkeypatch.setattr(streams.torch.cuda, "device", lambda _: nullcontext())
    monkeypatch.setattr(streams.torch.cuda, "stream", lambda _: nullcontext())
    monkeypatch.setattr(streams.torch.cuda, "Stream", object)


@pytest.mark.parametrize("failing", [1, 2, 7])
def test_a_training_that_fails_beside_others_ends_them_and_is_reported(without_gpu, monkeypatch, failing):
    calls, said = count(), []

    class Short:
        def run_epoch(self):
            if next(calls) == failing:  # one of the four first epochs, or a later one
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(first_gpu, "begin", lambda *_, **__: Short())
    for _ in range(2):  # the second time none fails
        thread = Thread(target=lambda: said.append(side_by_side(4)), daemon=True)
        thread.start()
        thread.join(20)
    failed, fast = said
    assert failed.startswith("failed: out of memory on the GPU, which has no room for another 2.00 GiB")
    assert fast.endswith(" images a second in all")

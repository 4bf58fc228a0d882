"""Who gets the threads."""

import pytest
import torch

from mobinet import build, fused
from search.data.from_files import decoding_workers
from search.machine import use_threads, useful_threads
from search.training.threads import divide_threads
from space import Architecture

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def one_thread_again():
    yield
    use_threads(1)
    fused.use_threads(1)
    torch.set_num_threads(1)


@pytest.mark.parametrize(
    "network, torchs, kernels",
    [
        (Architecture.uniform("mobilenet-8", block="pre"), 1, 3),
        (Architecture.uniform("resnet-32", family="resnet", width=0.25), 3, 1),
    ],
    ids=["fused", "plain"],
)
def test_one_team_has_all_threads(network, torchs, kernels):
    use_threads(3)
    divide_threads(build(network, 10), CPU)
    assert (torch.get_num_threads(), fused.settings.threads) == (torchs, kernels)


def test_without_the_kernels_torch_has_them(monkeypatch):
    monkeypatch.setattr("mobinet.fused.dispatch.kernels", lambda device: None)
    use_threads(3)
    divide_threads(build(Architecture.uniform("mobilenet-8", block="pre"), 10), CPU)
    assert torch.get_num_threads() == 3


def test_a_process_decodes_with_the_cores_it_was_given(monkeypatch):
    monkeypatch.setattr("search.machine.cores", lambda: 6)
    found = []
    for threads in (None, 1, 3, 16):
        monkeypatch.setattr("search.machine._threads", threads)
        found.append(decoding_workers())
    assert found == [6, 1, 3, 8]


def test_small_images_are_for_one_thread():
    assert [useful_threads((1, 8, 8), 4), useful_threads((3, 32, 32), 4), useful_threads((3, 32, 32), 0)] == [1, 4, 1]

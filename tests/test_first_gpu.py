"""What `benchmarks.speed.first_gpu` says of a GPU on which something is wrong."""

from contextlib import contextmanager, nullcontext
from itertools import count
from threading import Thread
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from benchmarks.speed import first_gpu, gpu_checks
from benchmarks.speed.first_gpu import check_recording, main, side_by_side
from benchmarks.speed.gpu_checks import check_kernels, check_weights
from mobinet import fused
from mobinet.conv import BinaryConv2d
from mobinet.fused.ahead import BinaryWeights
from mobinet.unit import BinaryUnit
from search.backends import streams
from space import InputError

WRONG = "this GPU computes wrong, search with --device cpu$"
computed = BinaryUnit.forward


def three_units() -> nn.Sequential:
    convs = (BinaryConv2d(3, 3, 3, padding=1, binarizer="xnor") for _ in range(3))
    return nn.Sequential(*(BinaryUnit(conv, nn.PReLU(3)) for conv in convs)).train()


def test_where_all_is_right_the_checks_say_how_far_apart_it_is():
    assert check_kernels(three_units()).startswith("of 3 units, outputs differ from the reference's by at most ")
    assert check_weights(three_units()).endswith(" differ by at most 0.0e+00 of the largest")


@pytest.mark.parametrize("share", [1.01, float("nan")])
@pytest.mark.parametrize("wrong", [0, 1, 2])
def test_one_unit_that_computes_wrong_is_an_error(monkeypatch, share, wrong):
    net = three_units()

    def forward(unit, x):
        out = computed(unit, x)
        return out * share if fused.settings.enabled and unit is net[wrong] else out

    monkeypatch.setattr(BinaryUnit, "forward", forward)
    with pytest.raises(InputError, match=WRONG):
        check_kernels(net)


@pytest.mark.parametrize("share", [1.01, float("nan")])
def test_wrong_binary_weights_are_an_error(monkeypatch, share):
    net = three_units()

    class Wrong(BinaryWeights):
        @contextmanager
        def made(self):
            weight = net[1].conv.weight
            right, weight.data = weight.data, weight.data * share
            yield
            weight.data = right

    monkeypatch.setattr(gpu_checks, "BinaryWeights", Wrong)
    with pytest.raises(InputError, match=WRONG):
        check_weights(net)


def test_a_recording_that_computes_something_else_is_an_error(monkeypatch):
    def begin(kind, width, batch_size, *, recorded):
        return SimpleNamespace(net=nn.Identity(), run_epoch=lambda: 0.5 + recorded * error)

    monkeypatch.setattr(first_gpu, "begin", begin)
    error = 0.0
    assert check_recording() == "recorded steps equal steps launched one by one, to the bit"
    error = 1e-7
    with pytest.raises(InputError, match="recorded steps DIFFER from steps launched one by one, to the bit; " + WRONG):
        check_recording()


@pytest.mark.parametrize("kind", [AssertionError, RuntimeError])
def test_where_there_is_no_gpu_it_says_what_pytorch_says(monkeypatch, kind):
    def init():
        raise kind("The NVIDIA driver on your system is too old\nmore")

    monkeypatch.setattr(torch.cuda, "init", init)
    monkeypatch.setattr("sys.argv", ["first_gpu"])
    with pytest.raises(InputError, match="no GPU here: The NVIDIA driver on your system is too old; python -m"):
        main()


def test_without_fused_kernels_there_is_nothing_to_check(monkeypatch):
    monkeypatch.setattr(torch.cuda, "init", lambda: None)
    monkeypatch.setattr(fused, "available", lambda device: False)
    monkeypatch.setattr("sys.argv", ["first_gpu"])
    with pytest.raises(InputError, match="the fused kernels cannot be loaded here.*; search with --device cpu"):
        main()


@pytest.fixture
def without_gpu(monkeypatch):
    monkeypatch.setattr(streams.torch.cuda, "stream", lambda _: nullcontext())
    monkeypatch.setattr(streams.torch.cuda, "Stream", lambda gpu: gpu)


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

"""Which device a training computes on."""

import warnings

import pytest
import torch

from search.data.preparation import memory_format
from search.training import devices, ranks
from search.training.devices import choose_device, find_device, own_device, why_left_alone
from space import InputError

PHOTO, DIGIT = (3, 32, 32), (1, 8, 8)


@pytest.fixture
def machine(monkeypatch):
    """Makes a machine of an accelerator; returns what was asked for on it."""

    def make(kind, complaint="", note=""):
        def look(check_available):
            if note:
                warnings.warn(note, stacklevel=1)
            return torch.device(kind) if kind else None

        def complain(device):
            asked.append(device)
            return complaint

        asked = []
        monkeypatch.setattr(torch.accelerator, "current_accelerator", look)
        monkeypatch.setattr(devices, "complaint_about", complain)
        monkeypatch.setattr(torch.cuda, "set_device", lambda device: asked.append(f"set {device}"))
        devices._accelerator.cache_clear()
        return asked

    yield make
    devices._accelerator.cache_clear()


@pytest.mark.parametrize("name", ["cpu", "cpu:0"])
def test_the_cpu_has_one_name(name):
    assert find_device(name) == "cpu"


@pytest.mark.parametrize("name", ["", "nonsense", "cpu:x", "meta", "gpu", "cuda:", "cuda:-1"])
def test_no_device_is_called_so(name):
    with pytest.raises(InputError, match=f"--device {name} is not known; use cpu, cuda, cuda:1, mps or xpu"):
        find_device(name)


@pytest.mark.parametrize("name", ["cuda:99", "mps", "xpu"])
def test_a_device_that_is_not_there(name):
    with pytest.raises(InputError, match=f"--device {name} cannot be used here: .{{1,303}}$") as error:
        find_device(name)
    assert len(str(error.value).splitlines()) == 1


def test_an_accelerator_is_the_default(machine):
    for kind in ("cuda", "mps", "xpu"):
        machine(kind)
        assert choose_device(PHOTO) == (kind, "") and find_device(None) == kind


def test_without_one_it_is_the_cpu(machine):
    machine(None)
    assert choose_device() == ("cpu", "")


def test_a_driver_that_is_too_old_means_the_cpu_and_is_said(machine):
    machine(None, note="The NVIDIA driver on your system is too old (found version 11040). Please update\nmore")
    too_old = "The NVIDIA driver on your system is too old (found version 11040)"
    assert choose_device() == ("cpu", f"the GPU cannot be used here: {too_old}")
    assert why_left_alone(None) == f"the GPU cannot be used here: {too_old}" and why_left_alone("cpu") == ""


def test_a_gpu_without_kernels_means_the_cpu_and_is_said(machine):
    machine("cuda", complaint="CUDA error: no kernel image is available")
    assert choose_device() == ("cpu", "cuda cannot be used here: CUDA error: no kernel image is available")
    with pytest.raises(InputError, match="--device cuda cannot be used here: CUDA error: no kernel image"):
        find_device("cuda")


@pytest.mark.parametrize(
    "kind, shape, recorded, expected",
    [
        ("cuda", DIGIT, True, "cuda"),
        ("cuda", DIGIT, False, "cpu"),
        ("mps", DIGIT, True, "cpu"),
        ("mps", PHOTO, False, "mps"),
    ],
)
def test_small_images_are_left_to_the_cpu_unless_steps_are_recorded(machine, kind, shape, recorded, expected):
    machine(kind)
    device, note = choose_device(shape, recorded=recorded)
    assert device == expected
    assert note == ("" if device == kind else f"{kind} takes longer for such small images; --device {kind} uses it")
    assert find_device(kind, input_shape=shape, recorded=recorded) == kind


def test_each_of_several_processes_opens_its_own_gpu_alone(machine, monkeypatch):
    monkeypatch.setattr(ranks, "_ranks", 4)
    monkeypatch.setenv("LOCAL_RANK", "2")
    for name in ("cuda", None):
        asked = machine("cuda")
        assert own_device(name, input_shape=PHOTO) == "cuda:2"
        assert set(asked) == {"cuda:2", "set cuda:2"}
    machine(None)
    assert own_device(None) == own_device("cpu") == "cpu"
    with pytest.raises(InputError, match="is one device"):
        own_device("cuda:0")


def test_images_are_contiguous_where_channels_last_is_wrong():
    assert memory_format(torch.device("mps")) is torch.contiguous_format
    assert {memory_format(torch.device(kind)) for kind in ("cpu", "cuda", "xpu")} == {torch.channels_last}

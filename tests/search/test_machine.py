"""Who gets the threads."""

import math
from pathlib import Path

import pytest
import torch

from mobinet import build, fused
from search.data.decoding import decoding_workers
from search.data.source import most_in_memory
from search.machine import cores, cpu_quota, memory_limit, use_threads, useful_threads
from search.training.threads import divide_threads
from space import Architecture

CPU = torch.device("cpu")


def fill(folder: Path, files: dict[str, str]) -> None:
    """Write files, by their names below a folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)


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


@pytest.mark.parametrize(
    "files, quota",
    [
        ({"cpu.max": "200000 100000\n"}, 2.0),
        ({"cpu.max": "50000 100000\n"}, 0.5),
        ({"cpu.max": "max 100000\n"}, math.inf),
        ({"cpu/cpu.cfs_quota_us": "150000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 1.5),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, math.inf),
        ({}, math.inf),
    ],
)
def test_a_container_has_the_time_that_it_was_given(tmp_path, monkeypatch, files, quota):
    fill(tmp_path, files)
    assert cpu_quota(tmp_path) == quota
    monkeypatch.setattr("os.sched_getaffinity", lambda _: range(64), raising=False)
    monkeypatch.setattr("search.machine.cpu_quota", lambda: quota)
    assert cores() == {2.0: 2, 0.5: 1, 1.5: 1}.get(quota, 64)


@pytest.mark.parametrize(
    "files, limit",
    [
        ({"memory.max": "2147483648\n"}, 2**31),
        ({"memory.max": "max\n"}, math.inf),
        ({"memory/memory.limit_in_bytes": "1073741824\n"}, 2**30),
        ({"memory/memory.limit_in_bytes": "9223372036854771712\n"}, math.inf),
        ({}, math.inf),
    ],
)
def test_a_container_has_the_memory_that_it_was_given(tmp_path, monkeypatch, files, limit):
    fill(tmp_path, files)
    assert memory_limit(tmp_path) == limit
    monkeypatch.setattr("search.data.source.memory_limit", lambda: limit)
    assert most_in_memory() == {2**31: 2**27, 2**30: 2**26}.get(limit, 2**30)


def test_small_images_are_for_one_thread():
    assert [useful_threads((1, 8, 8), 4), useful_threads((3, 32, 32), 4), useful_threads((3, 32, 32), 0)] == [1, 4, 1]

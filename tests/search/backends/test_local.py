"""Backends: the same results from worker processes as from this one."""

import multiprocessing
import time
from argparse import Namespace
from types import SimpleNamespace

import pytest
import torch
from fake_evaluators import Instant, accuracy_of
from fakes import Pictures, open_study, record
from PIL import Image

from search import machine
from search.backends import local, streams
from search.backends.local import InProcess, Workers
from search.backends.shares import gpus_of, workers_and_threads
from search.data.decoding import decoding_workers
from search.loop import run_search
from search.task import Evaluation, Failure, Task
from search.training import self_check
from space import Architecture, load_space

BROKEN = load_space().baselines()[3]
DEADLY, PICTURED, SPOILING = (Architecture.uniform("mobilenet-8", block="none", k=k) for k in (1, 2, 3))
EVALUATOR = Instant(broken=frozenset({BROKEN.key}), deadly=frozenset({DEADLY.key}), spoiling=frozenset({SPOILING.key}))


@pytest.fixture(scope="module")
def workers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    for part, count in {"train": 8, "val": 4, "test": 2}.items():
        for index in range(count):
            path = folder / part / "ab"[index % 2] / f"{index}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (10, 10), index).save(path)
    backend = Workers(Pictures(folder=str(folder), key=PICTURED.key, otherwise=EVALUATOR), workers=2, threads=1)
    yield backend
    backend.close()


def test_workers_find_what_one_process_finds(tmp_path, workers):
    studies = []
    for name, backend in (("one", InProcess(EVALUATOR)), ("many", workers)):
        studies.append(open_study(tmp_path / name))
        run_search(studies[-1], backend, trials=18, on_trial=lambda *_: None)
    one, many = map(record, studies)
    assert one["state"].value_counts().to_dict() == {"complete": 17, "failed": 1}
    assert many[:15].equals(one[:15])  # then proposals depend on what has ended
    assert many["number"].tolist() == list(range(18)) and many["key"].is_unique


def test_a_worker_that_dies_fails_its_task_only(workers, forked):
    fine = load_space().baselines()[0]
    workers.submit(Task(number=10, architecture=DEADLY))
    workers.submit(Task(number=11, architecture=fine, replicate=1))
    ended = dict((task.number, outcome) for task, outcome in (workers.wait(), workers.wait()))
    assert ended[10] == Failure(reason="its worker process ended with exit code 3")
    assert ended[11] == Evaluation(accuracy=accuracy_of(fine.key, 1), epochs=1, seconds=0.0)


def test_a_worker_with_a_spoiled_gpu_is_replaced(workers, forked):
    fine = load_space().baselines()[0]
    workers.submit(Task(number=20, architecture=SPOILING))
    outcome = workers.wait()[1]
    reason = "AcceleratorError: CUDA error: an illegal memory access was encountered"
    assert outcome == Failure(reason=reason, spoiled=True)
    for number in (21, 22):  # for every worker
        workers.submit(Task(number=number, architecture=fine))
    assert {workers.wait()[1].accuracy for _ in range(2)} == {accuracy_of(fine.key)}


def test_any_exception_is_a_failure_with_its_first_line(workers):
    for backend in (workers, InProcess(EVALUATOR)):
        task = Task(number=4, architecture=BROKEN)
        backend.submit(task)
        assert backend.wait() == (task, Failure(reason="ValueError: cannot be trained"))


def test_workers_can_read_picture_files(workers):
    workers.submit(Task(number=0, architecture=PICTURED))
    assert workers.wait()[1] == Evaluation(accuracy=0.0, epochs=8, seconds=0.0)


def test_workers_end_when_closed(forked):
    before = set(multiprocessing.active_children())
    backend = Workers(EVALUATOR, workers=1, threads=1)
    backend.submit(Task(number=0, architecture=BROKEN))
    end = time.monotonic() + 20
    while not (started := set(multiprocessing.active_children()) - before):
        assert time.monotonic() < end
        time.sleep(0.01)
    backend.close()
    assert not any(process.is_alive() for process in started)


def test_ctrl_c_is_not_a_failure():
    def evaluator(task):
        raise KeyboardInterrupt

    backend = InProcess(evaluator)
    backend.submit(Task(number=0, architecture=BROKEN))
    with pytest.raises(KeyboardInterrupt):
        backend.wait()


@pytest.mark.parametrize(
    "asked, device, shape, expected",
    [
        (None, "cpu", (3, 32, 32), (8, 1)),
        (None, "cuda", (3, 32, 32), (1, 8)),
        (3, "cpu", (3, 32, 32), (3, 2)),
        (1, "cpu", (1, 8, 8), (1, 1)),
        (9, "cpu", (3, 224, 224), (9, 1)),
        (0, "cpu", (3, 32, 32), (0, 8)),
    ],
)
def test_number_of_workers_and_their_threads_on_eight_cores(asked, device, shape, expected):
    assert workers_and_threads(asked, input_shape=shape, device=device, cores=8) == expected


@pytest.mark.parametrize("asked, expected", [(None, (4, 2)), (2, (2, 4)), (8, (8, 1))])
def test_each_gpu_has_a_worker(asked, expected):
    shares = {"input_shape": (3, 32, 32), "device": "cuda", "cores": 8, "gpus": 4}
    assert workers_and_threads(asked, **shares) == expected


@pytest.mark.parametrize(
    "asked, device, in_threads, made",
    [
        (None, "cuda", True, ("Workers", 3, ("cuda:0", "cuda:1", "cuda:2"))),
        (2, "cuda", True, ("Workers", 2, ("cuda:0", "cuda:1", "cuda:2"))),
        (5, "cuda", True, ("Streams", 5, "cuda")),
        (5, "cuda", False, ("Workers", 5, ("cuda:0", "cuda:1", "cuda:2"))),
        (None, "cuda:1", True, ("Workers", 1, ())),
        (2, "cuda:1", True, ("Streams", 2, "cuda:1")),
        (2, "cpu", True, ("Workers", 2, ())),
    ],
)
def test_trials_that_share_a_gpu_run_in_threads(monkeypatch, asked, device, in_threads, made):
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: 3)
    monkeypatch.setattr(self_check, "complaint_about", lambda device: "")
    monkeypatch.setattr(local, "Workers", lambda _, workers, gpus, **rest: ("Workers", workers, gpus))
    monkeypatch.setattr(streams, "Streams", lambda _, device, count: ("Streams", count, device))
    evaluator = SimpleNamespace(in_threads=in_threads)
    args = Namespace(workers=asked, time_limit=None)
    assert local.LOCAL.make(evaluator, args, (3, 32, 32), device) == made


def test_threads_on_a_gpu_share_the_cores_that_decode_pictures(monkeypatch):
    monkeypatch.setattr(machine, "cores", lambda: 16)
    monkeypatch.setattr(machine, "_threads", None)
    monkeypatch.setattr(streams, "Streams", lambda _, device, count: count * decoding_workers())
    args = Namespace(workers=4, time_limit=None)
    assert local.LOCAL.make(EVALUATOR, args, (3, 224, 224), "cuda:0") == 16


def test_a_gpu_that_cannot_be_used_is_left_alone_and_said(monkeypatch):
    """As an old one that drives the screen."""
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: 3)
    monkeypatch.setattr(self_check, "complaint_about", lambda gpu: "no kernel image" if gpu == "cuda:1" else "")
    with pytest.warns(UserWarning, match="^cuda:1 is left alone, it cannot be used here: no kernel image$"):
        assert gpus_of("cuda") == ("cuda:0", "cuda:2")
    assert gpus_of("cuda:1") == ("cuda:1",)  # which `find_device` has looked at


def test_workers_have_the_gpus_in_turn(monkeypatch):
    monkeypatch.setattr(local, "_Worker", lambda evaluator, threads, time_limit, gpu: SimpleNamespace(gpu=gpu))
    backend = Workers(EVALUATOR, workers=5, threads=1, gpus=("cuda:0", "cuda:1"))
    assert [worker.gpu for worker in backend._idle] == ["cuda:0", "cuda:1", "cuda:0", "cuda:1", "cuda:0"]
    backend._idle = []
    backend.close()


@pytest.mark.parametrize("gigabytes, workers", [(0.5, 1), (1, 1), (3.9, 3), (64, 8)])
def test_workers_fit_into_the_memory_of_a_container(gigabytes, workers):
    shares = {"input_shape": (1, 8, 8), "device": "cpu", "cores": 8, "memory": gigabytes * 2**30}
    assert workers_and_threads(None, **shares) == (workers, 1)
    assert workers_and_threads(8, **shares) == (8, 1)

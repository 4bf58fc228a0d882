"""Trials side by side in threads of one process."""

import threading
from contextlib import nullcontext
from random import Random
from threading import Barrier, Event, Semaphore, Thread

import pytest
import torch

from search.backends import streams
from search.backends.streams import Streams
from search.evaluators.proxy import Proxy
from search.recipe import Recipe
from search.task import Evaluation, Failure, Task
from search.training import captured, self_check
from search.training.seeds import seeded_build
from search.training.training import Training
from space import Architecture, InputError, load_space

NETWORK = Architecture.uniform("mobilenet-8", block="mid", k=0, pool="avg")
TASKS = [Task(number=number, architecture=NETWORK, replicate=number) for number in range(3)]


def outcomes_of(backend: Streams, tasks: list[Task] = TASKS) -> dict[int, Evaluation | Failure]:
    for task in tasks:
        backend.submit(task)
    ended = [backend.wait() for _ in tasks]
    backend.close()
    return {task.number: outcome for task, outcome in ended}


@pytest.fixture
def without_gpu(monkeypatch):
    """The GPU of each thread."""
    entered = []
    monkeypatch.setattr(streams.torch.cuda, "stream", lambda gpu: nullcontext(entered.append(gpu)))
    monkeypatch.setattr(streams.torch.cuda, "Stream", lambda gpu: gpu)
    return entered


def test_as_many_tasks_run_at_once_as_there_are_slots(without_gpu):
    met = Barrier(3, timeout=20)

    def evaluate(task):
        met.wait()  # which raises unless three tasks are here
        return Evaluation(accuracy=task.number / 10, epochs=1, seconds=0.0)

    found = outcomes_of(Streams(evaluate, device="cuda", count=3))
    assert {number: outcome.accuracy for number, outcome in found.items()} == {0: 0.0, 1: 0.1, 2: 0.2}


def test_a_task_that_fails_fails_alone(without_gpu):
    def evaluate(task):
        if task.number == 1:
            raise ValueError("too wide\nmore")
        return Evaluation(accuracy=0.5, epochs=1, seconds=0.0)

    found = outcomes_of(Streams(evaluate, device="cuda", count=2))
    assert found[1] == Failure(reason="ValueError: too wide")
    assert found[0] == found[2] == Evaluation(accuracy=0.5, epochs=1, seconds=0.0)


def test_threads_have_the_gpus_in_turn(without_gpu, monkeypatch):
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: 2)
    monkeypatch.setattr(self_check, "complaint_about", lambda device: "")
    for device, entered in (("cuda", ["cuda:0", "cuda:0", "cuda:1"]), ("cuda:1", ["cuda:1"] * 3)):
        without_gpu.clear()
        Streams(lambda task: None, device=device, count=3).close()
        assert sorted(without_gpu) == entered


@pytest.mark.parametrize(
    "error, reason", [(SystemExit(3), "SystemExit: 3"), (KeyboardInterrupt(), "KeyboardInterrupt")]
)
def test_what_would_end_a_thread_fails_its_task_alone(without_gpu, error, reason):
    def evaluate(task):
        if task.number < 2:  # as many as there are threads
            raise error
        return Evaluation(accuracy=0.5, epochs=1, seconds=0.0)

    found = {}
    thread = Thread(target=lambda: found.update(outcomes_of(Streams(evaluate, device="cuda", count=2))), daemon=True)
    thread.start()
    thread.join(20)
    assert found[0] == found[1] == Failure(reason=reason)
    assert found[2] == Evaluation(accuracy=0.5, epochs=1, seconds=0.0)


def test_a_gpu_without_memory_for_a_stream_is_said(without_gpu, monkeypatch):
    def full(gpu):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 MiB")

    monkeypatch.setattr(streams.torch.cuda, "Stream", full)
    with pytest.raises(InputError, match="^cuda:1 cannot be used .*: CUDA out of memory. Tried to allocate 2.00 MiB$"):
        Streams(lambda task: None, device="cuda:1", count=2)


def test_closing_leaves_behind_a_trial_that_hangs(without_gpu):
    begun, ended = Event(), Event()

    def hang(task):
        begun.set()
        ended.wait(20)

    backend = Streams(hang, device="cuda", count=2, patience=0.2)
    backend.submit(TASKS[0])
    begun.wait(20)
    backend.close()
    assert not ended.is_set() and any(thread.is_alive() for thread in backend._threads)
    ended.set()


def test_closing_ends_trainings_within_a_step(without_gpu, digits):
    begun = Semaphore(0)

    def train_for_ever(task):
        recipe = Recipe(epochs=10**9, batch_size=50, learning_rate=1e-6)
        net = seeded_build(NETWORK, 10, task.replicate)
        training = Training(net, digits.train.first(100), recipe=recipe, seed=0, device=torch.device("cpu"))
        while True:
            training.run_epoch()
            begun.release()

    before = set(threading.enumerate())
    backend = Streams(train_for_ever, device="cuda", count=2)
    started = set(threading.enumerate()) - before
    for task in TASKS[:2]:
        backend.submit(task)
    for _ in range(4):
        begun.acquire(timeout=60)
    backend.close()
    assert len(started) == 2 and not any(thread.is_alive() for thread in started)


@pytest.fixture
def proxy() -> Proxy:
    return Proxy(
        dataset="digits",
        data_dir="data",
        validation=0.4,
        recipe=Recipe(epochs=2, batch_size=50, learning_rate=0.05),
        seed=0,
        device="cuda",
    )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_trainings_side_by_side_equal_those_alone(proxy, monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", True)
    together = outcomes_of(Streams(proxy, device="cuda", count=3))
    assert {number: outcome.accuracy for number, outcome in together.items()} == {
        task.number: proxy(task).accuracy for task in TASKS
    }


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_networks_never_run_before_begin_beside_others(proxy, monkeypatch):
    """Kernels are loaded at their first launch, which must not spoil what another thread records."""
    notes = []
    monkeypatch.setattr(captured.warnings, "warn", lambda text, **_: notes.append(text))
    space, rng = load_space(width=2), Random(0)
    tasks = [Task(number=number, architecture=space.sample(rng), replicate=0) for number in range(40)]
    found = outcomes_of(Streams(proxy, device="cuda", count=10), tasks)
    assert [outcome.reason for outcome in found.values() if isinstance(outcome, Failure)] == []
    assert notes == []

"""A training step that is recorded and replayed."""

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from threading import Barrier
from time import sleep
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from search.recipe import Recipe
from search.stopping import Stopped
from search.training import captured
from search.training.captured import WARM_UP, CapturedStep
from search.training.judging import judge
from search.training.seeds import seeded_build
from search.training.training import Training
from tests.search.training.test_training import NETWORK, part_of


class FakeGraph:
    """Notes what would run while it is recorded, and runs it when it is replayed."""

    recording: "FakeGraph | None" = None
    made = 0

    def __init__(self) -> None:
        FakeGraph.made += 1
        self.body = []

    def replay(self) -> None:
        for call in self.body:
            call()


@pytest.fixture
def fake_cuda(monkeypatch):
    @contextmanager
    def record(graph, **_):
        FakeGraph.recording = graph
        yield
        FakeGraph.recording = None

    stream = SimpleNamespace(wait_stream=lambda other: None)
    FakeGraph.recording, FakeGraph.made = None, 0
    for name, value in {
        "CUDAGraph": FakeGraph,
        "graph": record,
        "Stream": lambda: stream,
        "current_stream": lambda: stream,
        "default_stream": lambda: stream,
        "stream": lambda _: nullcontext(),
    }.items():
        monkeypatch.setattr(captured.torch.cuda, name, value)


def test_every_call_counts_once_with_its_own_inputs(fake_cuda):
    seen = []

    def step(x):
        if FakeGraph.recording is not None:
            FakeGraph.recording.body.append(lambda: seen.append(x.item()))
        else:
            seen.append(x.item())

    recorded = CapturedStep()
    for value in range(8):
        recorded(step, torch.tensor(value))
    assert seen == list(range(8))
    assert FakeGraph.made == 1


def test_a_step_that_cannot_be_recorded_runs_as_it_is_and_says_so_once(fake_cuda):
    seen = []

    def step(x):
        if FakeGraph.recording is not None:
            FakeGraph.recording = None
            raise RuntimeError("operation not permitted when stream is capturing\nmore")
        seen.append(x.item())

    recorded = CapturedStep()
    with pytest.warns(UserWarning, match="without a CUDA graph.*not permitted when stream is capturing$") as warned:
        for value in range(WARM_UP + 4):
            recorded(step, torch.tensor(value))
    assert seen == list(range(WARM_UP + 4))
    assert len(warned) == 1


class OutOfResources(Exception):
    """Triton's errors are no RuntimeErrors."""


def steps_that_fail_when_recorded(error: BaseException) -> int:
    """Train five steps more than before the recording; returns how many ran."""
    ran = 0

    def step(x):
        nonlocal ran
        if FakeGraph.recording is not None:
            FakeGraph.recording = None
            raise error
        ran += 1

    recorded = CapturedStep()
    for value in range(WARM_UP + 5):
        recorded(step, torch.tensor(value))
    return ran


@pytest.fixture
def ending_fails(fake_cuda, monkeypatch):
    """As on CUDA after an error within a recording."""

    @contextmanager
    def record(graph, **_):
        FakeGraph.recording = graph
        try:
            yield
        finally:
            raise RuntimeError("operation failed due to a previous error during capture")

    monkeypatch.setattr(captured.torch.cuda, "graph", record)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        torch.AcceleratorError("CUDA error: out of memory"),
        KeyboardInterrupt(),
        Stopped(),
    ],
)
@pytest.mark.parametrize("recording", ["fake_cuda", "ending_fails"])
def test_memory_that_runs_out_or_ctrl_c_is_no_reason_to_go_on(request, recording, error):
    request.getfixturevalue(recording)
    with pytest.raises(type(error)) as found:
        steps_that_fail_when_recorded(error)
    assert found.value is error


def test_a_step_that_lacks_memory_holds_none(fake_cuda):
    taken = []

    def step(x):
        large = x + 1
        taken.append(weakref.ref(large))
        if FakeGraph.recording is not None:
            raise torch.OutOfMemoryError("CUDA out of memory")

    gc.disable()  # which would find a frame and an error that hold each other, sooner or later
    try:
        recorded = CapturedStep()
        with suppress(torch.OutOfMemoryError):
            for value in range(WARM_UP + 1):
                recorded(step, torch.tensor(value))
        assert [each() for each in taken] == [None] * (WARM_UP + 1)
    finally:
        gc.enable()


@pytest.mark.parametrize("error", [RuntimeError("not permitted"), OutOfResources("not permitted")])
def test_the_warning_says_what_failed_first(ending_fails, error):
    with pytest.warns(UserWarning, match="without a CUDA graph, several times slower: not permitted$"):
        assert steps_that_fail_when_recorded(error) == WARM_UP + 5


def test_nothing_is_launched_while_another_thread_launches_or_records(fake_cuda, digits):
    inside, met = [], Barrier(4, timeout=20)

    def launch(x):
        inside.append(x)
        sleep(0.002)
        assert inside == [x], "two threads at once"
        inside.clear()

    class Net(nn.Module):
        def forward(self, images):
            launch(self)
            return torch.zeros(len(images), 10)

    def train(x):
        recorded = CapturedStep()
        met.wait()
        for _ in range(WARM_UP + 2):
            recorded(launch, x)

    def look():
        met.wait()
        for _ in range(5):
            judge(Net(), digits.validation, classes=10, device=torch.device("cpu"))

    with ThreadPoolExecutor(4) as threads:
        for task in [threads.submit(train, torch.tensor(0)) for _ in range(3)] + [threads.submit(look)]:
            task.result()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_a_replayed_training_equals_one_step_by_step(digits, monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", True)
    images, recipe = part_of(digits, 400), Recipe(epochs=3, batch_size=20, learning_rate=0.02)
    found = []
    for recorded in (True, False):
        training = Training(seeded_build(NETWORK, 10, 1), images, recipe=recipe, seed=1, device=torch.device("cuda"))
        training.recorded = training.recorded and recorded
        losses = [training.run_epoch() for _ in range(3)]
        found.append((losses, {name: value.tolist() for name, value in training.net.state_dict().items()}))
    assert found[0] == found[1]

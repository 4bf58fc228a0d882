"""What becomes of a trial whose evaluation raised an exception."""

from pathlib import Path

import pytest
import torch

from search.backends.backend import evaluate
from search.backends.failures import failure_of
from search.recipe import Recipe
from search.retraining.retraining import Retraining
from search.several import Retrainings
from search.task import Failure, Task
from space import Architecture, InputError

MEMORY = (
    "CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 79.15 GiB of which 1.01 GiB is free."
)
HINT = "use fewer --workers, or under Ray more --gpus-per-trial, with --retry-failed; or a smaller --width with another"


@pytest.mark.parametrize(
    "error, reason",
    [
        (torch.OutOfMemoryError(MEMORY), f"which has no room for another 2.50 GiB; {HINT}"),
        (RuntimeError("MPS backend out of memory (MPS allocated: 9 GB). Tried to allocate 36.00 MB"), "36.00 MB; use"),
        (torch.AcceleratorError("CUDA error: out of memory\nmore"), f"out of memory on the GPU; {HINT}"),
    ],
)
def test_where_memory_runs_out_the_reason_has_the_size_and_what_to_do(error, reason):
    failure = failure_of(error)
    assert failure.reason.startswith("out of memory on the GPU") and reason in failure.reason
    assert not failure.spoiled


def test_a_retraining_gets_the_advice_that_helps_it(monkeypatch):
    def run(self, on_epoch):
        raise torch.OutOfMemoryError(MEMORY)

    monkeypatch.setattr(Retraining, "run", run)
    recipe = Recipe(epochs=1, batch_size=64, learning_rate=0.01)
    network = Architecture.uniform("mobilenet-8")
    fields = {"data_dir": "", "recipe": recipe, "seed": 0, "device": "cpu", "folder": Path("retrain", network.key)}
    evaluator = Retrainings(each=(Retraining(architecture=network, dataset="digits", **fields),))
    outcome = evaluate(evaluator, Task(number=0, architecture=network))
    assert isinstance(outcome, Failure) and "2.50 GiB; use --accumulate 2" in outcome.reason
    assert "--width" not in outcome.reason and "--retry-failed" not in outcome.reason


def test_an_error_of_the_gpu_spoils_its_process():
    error = torch.AcceleratorError("CUDA error: an illegal memory access was encountered\nmore")
    reason = "AcceleratorError: CUDA error: an illegal memory access was encountered"
    assert failure_of(error) == Failure(reason=reason, spoiled=True)


def test_other_errors_do_not():
    assert failure_of(ValueError("too wide\nmore")) == Failure(reason="ValueError: too wide")
    assert failure_of(ZeroDivisionError()) == Failure(reason="ZeroDivisionError")


def test_an_error_of_the_user_is_said_without_the_name_of_its_kind():
    assert failure_of(InputError("--teacher a.pt is not TorchScript")) == Failure(
        reason="--teacher a.pt is not TorchScript"
    )

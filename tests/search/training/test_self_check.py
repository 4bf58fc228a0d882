"""A device that computes wrong is noticed."""

import pytest
import torch

from mobinet.unit import BinaryUnit
from search.training import self_check
from search.training.self_check import complaint_about

computed = BinaryUnit.forward


def test_this_cpu_computes_right_and_the_check_draws_nothing():
    state = torch.get_rng_state()
    assert complaint_about.__wrapped__("cpu") == ""
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("share, noticed", [(1.001, False), (0.9, True), (float("nan"), True)])
def test_a_wrong_gradient_is_noticed(monkeypatch, share, noticed):
    def wrong(unit, x):
        if x.dtype == torch.float32:
            x.register_hook(lambda gradient: gradient * share)
        return computed(unit, x)

    monkeypatch.setattr(BinaryUnit, "forward", wrong)
    found = complaint_about.__wrapped__("cpu")
    assert found.startswith("it computes wrong, the gradient of the input differs from the CPU's by") == noticed
    assert bool(found) == noticed


def test_a_wrong_output_is_noticed(monkeypatch):
    monkeypatch.setattr(BinaryUnit, "forward", lambda unit, x: computed(unit, x) + (x.dtype == torch.float32))
    assert "the output differs from the CPU's by" in complaint_about.__wrapped__("cpu")


@pytest.mark.parametrize("share, noticed", [(1.0, False), (0.9, True), (float("nan"), True)])
def test_what_is_wrong_in_the_type_of_trainings_alone_is_noticed(monkeypatch, share, noticed):
    monkeypatch.setattr(self_check, "training_dtype", lambda device: torch.bfloat16)
    monkeypatch.setattr(
        BinaryUnit, "forward", lambda unit, x: computed(unit, x) * (share if x.dtype == torch.bfloat16 else 1.0)
    )
    found = complaint_about.__wrapped__("cpu")
    assert found.startswith("it computes wrong, bfloat16, the output differs from the CPU's by") == noticed
    assert bool(found) == noticed


def test_kernels_that_cannot_be_compiled_are_said(monkeypatch):
    class PTXASError(Exception):
        """As Triton's, which is no RuntimeError."""

    def fail(unit, x):
        raise PTXASError("PTXAS error: Value 'sm_121a' is not defined\nmore")

    monkeypatch.setattr(BinaryUnit, "forward", fail)
    assert complaint_about.__wrapped__("cpu") == "PTXAS error: Value 'sm_121a' is not defined"


def test_a_device_that_is_not_there_is_said_to_be():
    assert complaint_about("cuda:99") and complaint_about("xpu")

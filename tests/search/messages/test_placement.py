"""The line that says where a search computes."""

from argparse import Namespace

import pytest
import torch

from mobinet import fused
from search.backends import shares
from search.messages.placement import placement_text
from search.training import precision

LOCAL = Namespace(backend="local", workers=4)


@pytest.fixture
def h100(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "NVIDIA H100")
    monkeypatch.setattr(precision, "_computes_in_bfloat16", lambda device: True)
    monkeypatch.setattr(fused, "available", lambda kind: kind == "cuda")
    monkeypatch.setattr(shares.machine, "cores", lambda: 8)


def test_a_gpu_is_named_with_its_type(h100):
    said = placement_text(LOCAL, (3, 32, 32), "cuda", "")
    assert said == "on cuda (NVIDIA H100): bfloat16, fused kernels, 4 side by side, 2 threads each"


def test_what_was_left_alone_is_said(h100):
    alone = Namespace(backend="local", workers=0)
    said = placement_text(alone, (1, 8, 8), "mps", "cuda cannot be used here: no kernel image")
    assert said == (
        "on mps: float32, no fused kernels, one at a time, 1 thread; cuda cannot be used here: no kernel image"
    )

"""Which type a training computes in."""

import torch

from search.training.precision import dtype_text, training_dtype


def test_each_gpu_has_the_type_that_it_computes_in(monkeypatch):
    capability = {0: (9, 0), 1: (7, 5), 2: (8, 0), None: (7, 0)}  # H100, T4, A100, and the current one: V100
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability[device.index])
    found = [training_dtype(torch.device("cuda", index)) for index in (0, 1, 2)]
    assert found == [torch.bfloat16, torch.float32, torch.bfloat16]
    assert dtype_text(torch.device("cuda")) == dtype_text(torch.device("cpu")) == "float32"

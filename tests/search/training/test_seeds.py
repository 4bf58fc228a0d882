"""Random numbers that depend on a seed alone."""

import torch

from search.training.seeds import seeded


def test_within_it_torch_draws_from_the_seed_and_the_state_of_no_device_changes(monkeypatch):
    seeded_gpus = []
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seeded_gpus.append)
    monkeypatch.setattr(torch.cuda, "manual_seed", seeded_gpus.append)
    state = torch.get_rng_state()
    with seeded(5):
        found = torch.randn(3)
    assert torch.equal(found, torch.randn(3, generator=torch.Generator().manual_seed(5)))
    assert torch.equal(torch.get_rng_state(), state) and seeded_gpus == []

"""Random numbers that depend on a seed alone."""

from threading import Thread

import torch

from mobinet import cost
from search.training.seeds import seeded
from space import Architecture


def test_within_it_torch_draws_from_the_seed_and_the_state_of_no_device_changes(monkeypatch):
    seeded_gpus = []
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seeded_gpus.append)
    monkeypatch.setattr(torch.cuda, "manual_seed", seeded_gpus.append)
    state = torch.get_rng_state()
    with seeded(5):
        found = torch.randn(3)
    assert torch.equal(found, torch.randn(3, generator=torch.Generator().manual_seed(5)))
    assert torch.equal(torch.get_rng_state(), state) and seeded_gpus == []


def test_counting_a_network_changes_no_numbers_that_are_drawn_meanwhile():
    drawn = torch.randn(3, generator=torch.Generator().manual_seed(5))
    other = Thread(target=cost, args=(Architecture.uniform("mobilenet-8", width=7.75), 10))
    with seeded(5):
        cost(Architecture.uniform("mobilenet-8", width=7.5), 10)
        other.start()
        other.join(0.5)
        assert other.is_alive()
        found = torch.randn(3)
    other.join()
    assert torch.equal(found, drawn)

"""What a network learns from its teacher's maps."""

import numpy as np
import pytest
import torch
from torch import nn

from search.recipe import Recipe
from search.training.attention import attention_distance, maps_of
from search.training.seeds import seeded_build
from search.training.teacher import Teacher
from search.training.teacher_files import load_teacher
from search.training.training import Training
from space import InputError
from tests.search.training.test_teacher import Mean, float_net, scripted, teacher_of
from tests.search.training.test_training import CPU, NETWORK, leaves, part_of


def slow_distance(ours: np.ndarray, theirs: np.ndarray) -> list[float]:
    """Of maps (N, C, H, W) of one size, image by image."""
    found = []
    for each in zip(ours, theirs):
        strong = [(maps**2).mean(0).flatten() for maps in each]
        a, t = (vector / np.sqrt((vector**2).sum()) for vector in strong)
        found.append(((a - t) ** 2).sum())
    return found


def test_the_distance_is_summed_over_the_sizes_that_both_have():
    generator = np.random.default_rng(0)
    ours = {(8, 8): generator.normal(size=(3, 2, 8, 8)), (4, 4): generator.normal(size=(3, 5, 4, 4))}
    theirs = {size: generator.normal(size=(3, 4, *size)) for size in ((4, 4), (8, 8), (2, 2))}
    maps = [{size: torch.tensor(values, requires_grad=True) for size, values in net.items()} for net in (ours, theirs)]
    found = attention_distance(*maps)
    expected = sum(np.array(slow_distance(ours[size], theirs[size])) for size in ours)
    np.testing.assert_allclose(found.detach(), expected, rtol=1e-5)
    found.sum().backward()
    assert all(values.grad is not None for values in maps[0].values())
    assert all(values.grad is None for values in maps[1].values())
    alike = attention_distance(maps[0], {size: 3 * values for size, values in maps[0].items()})
    torch.testing.assert_close(alike, torch.zeros(3))  # only where they are strong counts


def test_maps_are_the_last_of_each_size_and_only_within():
    net = nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1), nn.Tanh(), nn.AvgPool2d(2), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )
    x = torch.randn(2, 1, 4, 4)
    with maps_of(net) as (maps,):
        net(x)
    assert torch.equal(maps[4, 4], net[:2](x)) and torch.equal(maps[2, 2], net[:3](x)) and len(maps) == 2
    maps.clear()
    net(x)
    assert not maps


def same_size() -> nn.Module:
    """(N, 1, 8, 8) -> (N, 10), by maps of 8 x 8."""
    torch.manual_seed(0)
    conv = nn.Conv2d(1, 4, 3, padding=1)
    return nn.Sequential(conv, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 10))


def taught(digits, teacher: Teacher, **changes) -> Training:
    recipe = Recipe(**{"epochs": 2, "batch_size": 20, "learning_rate": 1e-12, **changes})
    net = seeded_build(NETWORK, 10, 1)
    return Training(net, part_of(digits, 20), recipe=recipe, seed=1, device=CPU, teacher=teacher)


def test_it_is_added_to_the_loss(digits):
    teacher = teacher_of(same_size(), digits)
    plain, training = taught(digits, teacher), taught(digits, teacher, teacher_maps=3.0)
    images, _ = next(training.train.batches(20, device=CPU))
    with torch.no_grad():
        theirs = teacher.net[:2](digits.train.pixels[:20].float() / 255)
        ours = seeded_build(NETWORK, 10, 1).train()[:2](images)
    added = training.run_epoch() - plain.run_epoch()
    assert added == pytest.approx(3 * np.mean(slow_distance(ours.numpy(), theirs.numpy())), rel=1e-4)


def test_it_resumes_to_the_bit_with_an_average_in_two_steps(digits):
    changes = {"learning_rate": 0.02, "teacher_maps": 1.0, "ema": 0.9, "first_step": 0.5}
    whole, first, second = (taught(digits, teacher_of(same_size(), digits), **changes) for _ in range(3))
    whole.run_epoch(), whole.run_epoch()
    first.run_epoch()
    second.load_state_dict(first.state_dict())
    second.run_epoch()
    assert leaves(second.state_dict()) == leaves(whole.state_dict())


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("kind", ["other sizes", "without maps", "TorchScript"])
def test_a_teacher_without_maps_of_such_a_size_is_refused(digits, tmp_path, kind):
    if kind == "TorchScript":
        path = str(scripted(same_size(), tmp_path / "net.pt"))
        teacher = load_teacher(path, digits.classes, digits.train.preparation, CPU)
    else:
        teacher = teacher_of(float_net() if kind == "other sizes" else Mean(), digits)
    with pytest.raises(InputError, match="teacher_maps: no map of the teacher is as high and wide"):
        taught(digits, teacher, teacher_maps=1.0)

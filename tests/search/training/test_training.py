"""The training loop."""

import math

import pytest
import torch
from torch import nn

from mobinet.conv import BinaryConv2d
from results.measures import accuracy
from search.data.in_memory import Images
from search.recipe import Recipe
from search.training.judging import judge
from search.training.seeds import seeded_build
from search.training.training import NonFiniteLoss, Training
from space import Architecture, InputError

CPU = torch.device("cpu")
NETWORK = Architecture.uniform("mobilenet-8", block="mid", k=3)


def part_of(digits, n: int) -> Images:
    train = digits.train
    return Images(pixels=train.pixels[:n], labels=train.labels[:n], preparation=train.preparation)


def begin(images: Images, recipe: Recipe, *, seed: int = 1) -> Training:
    return Training(seeded_build(NETWORK, 10, seed), images, recipe=recipe, seed=seed, device=CPU)


def leaves(state) -> list:
    """Everything in a nested state, tensors as lists."""
    if isinstance(state, dict):
        return [(key, leaves(value)) for key, value in state.items()]
    if isinstance(state, (list, tuple)):
        return [leaves(value) for value in state]
    return state.tolist() if isinstance(state, torch.Tensor) else state


def test_learning_rate_rises_linearly_then_falls_like_a_cosine():
    recipe = Recipe(epochs=10, batch_size=8, learning_rate=0.4, warmup=0.2)
    for progress, rate in [(0, 0), (0.05, 0.1), (0.1, 0.2), (0.2, 0.4), (0.6, 0.2), (1, 0)]:
        assert recipe.learning_rate_at(progress) == pytest.approx(rate, abs=1e-12)
    third = 0.2 + 0.8 / 3  # cos 60 degrees is a half
    assert recipe.learning_rate_at(third) == pytest.approx(0.3)
    assert Recipe(epochs=1, batch_size=1, learning_rate=0.4, warmup=0).learning_rate_at(0) == 0.4


def test_every_step_takes_the_rate_of_its_progress(digits):
    training = begin(part_of(digits, 45), Recipe(epochs=3, batch_size=10, learning_rate=0.02, warmup=0.25))
    used, step = [], training.optimizer.step
    training.optimizer.step = lambda: (used.append(training.optimizer.param_groups[0]["lr"]), step())
    for _ in range(3):
        training.run_epoch()
    shares = [i / 12 for i in range(1, 13)]
    expected = [0.08 * t if t <= 0.25 else 0.02 * math.cos(math.pi / 2 * (t - 0.25) / 0.75) ** 2 for t in shares]
    assert used == pytest.approx(expected)


def test_loss_is_the_mean_of_the_steps(digits):
    training = begin(part_of(digits, 40), Recipe(epochs=2, batch_size=20, learning_rate=1e-12))
    loss = training.run_epoch()
    batches = training.train.batches(20, device=CPU, seed=10007)
    expected = [nn.functional.cross_entropy(training.net(images), labels).item() for images, labels in batches]
    assert len(expected) == 2
    assert loss == pytest.approx(sum(expected) / 2, rel=1e-4)


def test_latent_weights_begin_equally_large_in_all_layers_with_the_signs_they_had(digits):
    plain = begin(part_of(digits, 8), Recipe(epochs=1, batch_size=8, learning_rate=0.1)).net
    recipe = Recipe(epochs=1, batch_size=8, learning_rate=0.1, latent_deviation=0.03)
    scaled = begin(part_of(digits, 8), recipe).net
    binary = {name for name, module in plain.named_modules() if isinstance(module, BinaryConv2d)}
    assert len(binary) == 15
    for (name, before), after in zip(plain.named_parameters(), scaled.parameters()):
        if name.removesuffix(".weight") in binary:
            assert after.square().mean().sqrt().item() == pytest.approx(0.03, rel=1e-5)
            torch.testing.assert_close(after.sign(), before.sign(), rtol=0, atol=0)
        else:
            torch.testing.assert_close(after, before, rtol=0, atol=0)


@pytest.mark.parametrize("cause", ["rate", "weights"])
def test_a_loss_that_is_not_finite_is_raised(digits, cause):
    rate = 1e38 if cause == "rate" else 0.01
    training = begin(part_of(digits, 40), Recipe(epochs=2, batch_size=10, learning_rate=rate, warmup=0))
    if cause == "weights":
        training.net.head[2].weight.data.fill_(math.inf)
    with pytest.raises(NonFiniteLoss, match="nan|inf"):
        for _ in range(2):
            training.run_epoch()


def test_stopping_and_going_on_changes_no_bit(digits, tmp_path):
    images, recipe = part_of(digits, 60), Recipe(epochs=4, batch_size=20, learning_rate=0.02)
    whole = begin(images, recipe)
    losses = [whole.run_epoch() for _ in range(4)]
    first = begin(images, recipe)
    halves = [first.run_epoch() for _ in range(2)]
    torch.save(first.state_dict(), tmp_path / "state.pt")
    second = begin(images, recipe)
    second.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert second.epoch == 2
    halves += [second.run_epoch() for _ in range(2)]
    assert losses == halves and losses[0] != losses[1]
    assert leaves(second.state_dict()) == leaves(whole.state_dict())


def test_training_follows_its_seed_only(digits):
    images, recipe = part_of(digits, 60), Recipe(epochs=1, batch_size=20, learning_rate=0.02)
    losses = []
    for seed in (1, 1, 2):
        torch.manual_seed(len(losses))
        losses.append(begin(images, recipe, seed=seed).run_epoch())
    assert losses[0] == losses[1] != losses[2]


def test_every_epoch_has_an_order_of_its_own(digits):
    images = part_of(digits, 60)
    training, orders = begin(images, Recipe(epochs=3, batch_size=60, learning_rate=0.02)), []
    training.net.register_forward_pre_hook(lambda _, inputs: orders.append(inputs[0].tolist()))
    for _ in range(3):
        training.run_epoch()
    assert len(orders) == 3
    assert orders[0] != orders[1] != orders[2] != orders[0]
    assert sorted(orders[0]) == sorted(orders[1]) == sorted(orders[2])


def test_a_few_images_are_learned_by_heart(digits):
    images = part_of(digits, 40)
    training = begin(images, Recipe(epochs=60, batch_size=20, learning_rate=0.03))
    before = accuracy(judge(training.net, images, classes=10, device=CPU))
    losses = [training.run_epoch() for _ in range(60)]
    assert before < 0.5
    assert losses[-1] < 0.1 * losses[0]
    assert accuracy(judge(training.net, images, classes=10, device=CPU)) >= 0.95


class Normalised(nn.Sequential):
    """(N, 1, 8, 8) -> (N, 10): a batch norm and a linear layer that starts at zero."""

    def __init__(self) -> None:
        super().__init__(nn.BatchNorm2d(1), nn.Flatten(), nn.Linear(64, 10, bias=False))
        nn.init.zeros_(self[2].weight)


def test_slices_count_alike_in_gradients_losses_and_statistics(digits):
    images, recipe = part_of(digits, 60), Recipe(epochs=1, batch_size=60, learning_rate=1e-12)
    training = Training(Normalised(), images, recipe=recipe, seed=1, device=CPU, accumulate=3)
    loss = training.run_epoch()
    ((pixels, labels),) = images.batches(60, device=CPU, seed=10007)
    slices = list(zip(pixels.split(20), labels.split(20)))
    means, variances = zip(*((part.mean().item(), part.var().item()) for part, _ in slices))
    norm, *_, last = training.net
    assert norm.running_mean.item() == pytest.approx(0.1 * sum(means) / 3, abs=1e-6)
    assert norm.running_var.item() == pytest.approx(0.9 + 0.1 * sum(variances) / 3, rel=1e-5)
    assert loss == pytest.approx(math.log(10), rel=1e-5)
    gradients = []
    for part, answers in slices:
        normal = ((part - part.mean()) / (part.var(correction=0) + norm.eps).sqrt()).flatten(1)
        gradients.append((0.1 - nn.functional.one_hot(answers, 10).float()).T @ normal / 20)  # of softmax, from zero
    torch.testing.assert_close(last.weight.grad, sum(gradients) / 3, rtol=1e-4, atol=1e-6)


def test_slices_of_classes_that_count_alike_add_up_to_the_batch(digits):
    images, recipe = part_of(digits, 60), Recipe(epochs=1, batch_size=60, learning_rate=1e-12)
    found = []
    for slices in (1, 3):
        net = nn.Sequential(nn.Flatten(), nn.Linear(64, 10, bias=False))
        nn.init.constant_(net[1].weight, 0.01)
        training = Training(net, images, recipe=recipe, seed=1, device=CPU, accumulate=slices, class_weights="balanced")
        found.append((training.run_epoch(), net[1].weight.grad))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-6)
    torch.testing.assert_close(found[0][1], found[1][1], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("images, slices", [(40, 3), (100, 8), (41, 2)])
def test_a_batch_must_be_divisible_by_its_slices(digits, images, slices):
    recipe = Recipe(epochs=1, batch_size=50, learning_rate=0.01)
    with pytest.raises(InputError, match=f"into {slices} equal slices"):
        Training(Normalised(), part_of(digits, images), recipe=recipe, seed=1, device=CPU, accumulate=slices)

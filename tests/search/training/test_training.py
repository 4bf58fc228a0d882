"""The training loop."""

import math

import pytest
import torch
from torch import nn

from search.data.in_memory import Images
from search.recipe import Recipe
from search.training.accuracy import accuracy
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
    before = accuracy(training.net, images, device=CPU)[0]
    losses = [training.run_epoch() for _ in range(60)]
    assert before < 0.5
    assert losses[-1] < 0.1 * losses[0]
    assert accuracy(training.net, images, device=CPU)[0] >= 0.95


class Linear(nn.Sequential):
    """A fixed random net that notes the mode it is called in."""

    def __init__(self, classes: int) -> None:
        super().__init__(nn.Flatten(), nn.Dropout(), nn.Linear(64, classes))
        self[2].weight.data = torch.randn(classes, 64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("size", [7, 1000])
def test_accuracy_against_a_slow_loop(digits, size):
    images, net = part_of(digits, 100), Linear(10)
    hits = {1: 0, 3: 0, 5: 0}
    for image, label in images.batches(1, device=CPU):
        outputs = net.eval()(image)[0].tolist()
        rank = sum(output > outputs[label.item()] for output in outputs)
        for k in hits:
            hits[k] += rank < k
    net.train()
    found = accuracy(net, images, device=CPU, top=(1, 3, 5), batch_size=size)
    assert found == pytest.approx([hits[1] / 100, hits[3] / 100, hits[5] / 100])
    assert 0 < found[0] < found[1] < found[2] < 1


def test_top_5_of_fewer_classes_is_always_right(digits):
    train = part_of(digits, 50)
    few = Images(pixels=train.pixels, labels=train.labels % 3, preparation=train.preparation)
    assert accuracy(Linear(3), few, device=CPU, top=(1, 5))[1] == 1


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


@pytest.mark.parametrize("images, slices", [(40, 3), (100, 8), (41, 2)])
def test_a_batch_must_be_divisible_by_its_slices(digits, images, slices):
    recipe = Recipe(epochs=1, batch_size=50, learning_rate=0.01)
    with pytest.raises(InputError, match=f"into {slices} equal slices"):
        Training(Normalised(), part_of(digits, images), recipe=recipe, seed=1, device=CPU, accumulate=slices)

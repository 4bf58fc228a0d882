"""What the settings of a recipe do to a training, against torch's own and closed forms."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from search.recipe import Recipe
from search.training.average import WeightAverage
from search.training.class_weights import ClassLoss
from search.training.seeds import seeded_build
from search.training.training import Training
from tests.search.training.test_training import CPU, NETWORK, leaves, part_of

RECIPE = Recipe(epochs=2, batch_size=20, learning_rate=0.05, warmup=0)


class Small(nn.Sequential):
    """(N, 1, 8, 8) -> (N, 10), with a norm whose weights no decay may touch."""

    def __init__(self) -> None:
        super().__init__(nn.Conv2d(1, 2, 8), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(2, 10))


def begin(digits, net: nn.Module, count: int = 60, **changes) -> Training:
    recipe = Recipe(**{**vars(RECIPE), **changes})
    return Training(net, part_of(digits, count), recipe=recipe, seed=1, device=CPU)


def test_sgd_takes_the_steps_of_torchs(digits):
    net = Small()
    plain = copy.deepcopy(net)
    training = begin(digits, net, optimizer="sgd", weight_decay=0.1)
    loss = training.run_epoch()
    decayed = [plain[0].weight, plain[3].weight]
    others = [p for p in plain.parameters() if all(p is not d for d in decayed)]
    optimizer = torch.optim.SGD(
        [{"params": others}, {"params": decayed, "weight_decay": 0.1}], lr=1, momentum=0.9, nesterov=True
    )
    losses = []
    for step, (images, labels) in enumerate(training.train.batches(20, device=CPU, seed=10007)):
        for group in optimizer.param_groups:
            group["lr"] = training.recipe.learning_rate_at((step + 1) / 6)
        optimizer.zero_grad()
        losses.append(F.cross_entropy(plain(images), labels))
        losses[-1].backward()
        optimizer.step()
    assert loss == pytest.approx(sum(losses).item() / 3, rel=1e-5)
    for found, expected in zip(net.parameters(), plain.parameters()):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


def test_weight_decay_pulls_at_weights_and_latent_weights_alone(digits):
    net = seeded_build(NETWORK, 10, 1)
    before = {name: value.clone() for name, value in net.named_parameters()}
    training = begin(digits, net, optimizer="sgd", learning_rate=1e-9, weight_decay=1e8)
    training.optimizer.zero_grad()
    training.optimizer.step()
    moved = {name for name, value in net.named_parameters() if not torch.equal(value, before[name])}
    assert moved == {name for name in before if name.endswith("conv.weight")} | {"stem.0.weight", "head.2.weight"}
    assert training.weights and len(training.weights) == len(before)


def test_label_smoothing_is_a_mixture_with_all_classes_alike(digits):
    outputs, labels = torch.randn(6, 10), torch.arange(6)
    loss = ClassLoss("none", digits.train, CPU, 0.3)
    log = outputs.log_softmax(1)
    expected = -(0.7 * log[range(6), labels] + 0.3 * log.mean(1))
    assert loss(outputs, labels, labels).item() == pytest.approx(expected.mean().item(), rel=1e-5)
    weighted = ClassLoss("balanced", digits.train, CPU, 0.3)
    assert weighted(outputs, labels, labels).item() == pytest.approx(
        (weighted.weights[labels] * expected).mean().item(), rel=1e-5
    )


def test_the_average_is_the_mean_at_first_and_then_forgets():
    net = nn.BatchNorm1d(1)
    average = WeightAverage(net, 0.75)
    for step in range(1, 7):
        net.weight.data.fill_(step)
        net.running_mean.fill_(-step)
        net.num_batches_tracked.fill_(step)
        average.update()
    expected = 2.5  # the mean of 1 to 4
    for step in (5, 6):
        expected += 0.25 * (step - expected)
    assert average.net.weight.item() == pytest.approx(expected, rel=1e-6)
    assert average.net.running_mean.item() == pytest.approx(-expected, rel=1e-6)
    assert average.net.num_batches_tracked.item() == 6


def test_the_average_is_kept_and_changes_no_step(digits):
    plain, averaged = (begin(digits, seeded_build(NETWORK, 10, 1), ema=ema) for ema in (0.0, 0.9))
    seen, step = [], averaged.optimizer.step

    def noted():
        step()
        seen.append(averaged.net.head[2].weight.detach().clone())

    averaged.optimizer.step = noted
    assert [plain.run_epoch() for _ in range(2)] == [averaged.run_epoch() for _ in range(2)]
    assert plain.kept is plain.net and averaged.kept is not averaged.net
    assert leaves(plain.net.state_dict()) == leaves(averaged.net.state_dict())
    torch.testing.assert_close(averaged.kept.head[2].weight, sum(seen) / 6)  # fewer than ten steps


def test_a_training_with_all_of_them_resumes_to_the_bit(digits, tmp_path):
    changes = {"optimizer": "sgd", "weight_decay": 1e-3, "label_smoothing": 0.1, "ema": 0.9}
    whole, first, second = (begin(digits, seeded_build(NETWORK, 10, 1), **changes) for _ in range(3))
    for _ in range(2):
        whole.run_epoch()
    first.run_epoch()
    torch.save(first.state_dict(), tmp_path / "state.pt")
    second.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    second.run_epoch()
    assert leaves(second.state_dict()) == leaves(whole.state_dict())

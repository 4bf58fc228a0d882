"""Training a supernet, and judging networks with its weights."""

from collections import Counter
from dataclasses import replace
from math import log
from random import Random

import pytest
import torch
import torch.nn.functional as F
from fakes import price
from torch import nn

from mobinet.supernet import Supernet
from search.data.catalog import DATASETS
from search.evaluators.one_shot import OneShot
from search.evaluators.supernet_paths import BINS, PATHS
from search.evaluators.supernet_training import SupernetTraining, calibrate
from search.flags import LARGEST_SEED
from search.recipe import Recipe
from search.task import Task
from search.training.judging import judge
from search.training.training import NonFiniteLoss
from space import InputError, load_space

CPU = torch.device("cpu")
RECIPE = Recipe(epochs=3, batch_size=128, learning_rate=0.02)


def task(network) -> Task:
    return Task(number=0, architecture=network)


def ops(network) -> float:
    return price(network).ops


@pytest.fixture(scope="module")
def space():
    return load_space()


def one_shot(space, folder, **settings) -> OneShot:
    return OneShot(
        **{
            "dataset": "digits",
            "data_dir": "data",
            "validation": DATASETS["digits"].validation,
            "recipe": RECIPE,
            "seed": 1,
            "device": "cpu",
            "space": space,
            "paths": "uniform",
            "checkpoint": folder / "supernet" / "last.pt",
            **settings,
        }
    )


@pytest.fixture(scope="module")
def trained(space, tmp_path_factory):
    evaluator = one_shot(space, tmp_path_factory.mktemp("trained"))
    evaluator.train(lambda epoch, loss: None)
    return evaluator


def weights(evaluator) -> dict[str, list]:
    state = torch.load(evaluator.checkpoint, weights_only=True)["net"]
    return {name: tensor.tolist() for name, tensor in state.items()}


def epochs_of(evaluator: OneShot) -> list[int]:
    told = []
    evaluator.train(lambda epoch, loss: told.append(epoch))
    return told


def test_a_trained_supernet_is_left_alone(space, tmp_path):
    assert epochs_of(one_shot(space, tmp_path)) == [1, 2, 3]
    written = one_shot(space, tmp_path).checkpoint.read_bytes()
    assert epochs_of(one_shot(space, tmp_path)) == []
    assert one_shot(space, tmp_path).checkpoint.read_bytes() == written


@pytest.mark.parametrize("seed", [LARGEST_SEED, -LARGEST_SEED])
def test_the_largest_seeds_train(space, tmp_path, seed):
    evaluator = one_shot(space, tmp_path, seed=seed, recipe=replace(RECIPE, epochs=1))
    assert epochs_of(evaluator) == [1]
    assert 0 <= evaluator(task(space.sample(Random(0)))).accuracy <= 1


@pytest.mark.parametrize("stop", [1, 2])
def test_stopping_and_going_on_changes_no_bit(space, trained, tmp_path, monkeypatch, stop):
    monkeypatch.setattr("search.evaluators.one_shot.SAVE_EVERY", 0)

    def told(epoch, loss):
        if epoch == stop:
            raise KeyboardInterrupt

    evaluator = one_shot(space, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        evaluator.train(told)
    assert epochs_of(evaluator) == list(range(stop + 1, 4))
    assert weights(evaluator) == weights(trained)


@pytest.mark.parametrize("content", [b"", b"no checkpoint"])
def test_a_damaged_checkpoint_is_refused(space, tmp_path, content):
    evaluator = one_shot(space, tmp_path)
    evaluator.checkpoint.parent.mkdir()
    evaluator.checkpoint.write_bytes(content)
    for use in (lambda: epochs_of(evaluator), lambda: evaluator(task(space.sample(Random(0))))):
        with pytest.raises(InputError, match=r"last.pt cannot be read .*; remove .*supernet to begin anew"):
            use()


def test_a_checkpoint_of_another_space_is_refused(trained):
    other = load_space().restrict({"k": [0]})
    with pytest.raises(InputError, match="is damaged; remove"):
        one_shot(other, trained.checkpoint.parents[1])(task(other.sample(Random(0))))


def test_divergence_is_noticed(space, tmp_path):
    with pytest.raises(NonFiniteLoss):
        one_shot(space, tmp_path, recipe=replace(RECIPE, learning_rate=1e38)).train(lambda *_: None)


def step_of(space, digits, paths, images, labels) -> tuple[Supernet, Supernet, torch.Tensor]:
    """A supernet after the gradients of one step, an equal one without, and the loss of the step."""
    nets = []
    for _ in range(2):
        torch.manual_seed(0)
        nets.append(Supernet(space, 10).train())
    training = SupernetTraining(nets[0], digits.train, recipe=RECIPE, seed=0, device=CPU, draw=lambda rng: paths)
    training._rng = Random(0)
    return *nets, training.learn(images, labels)


def gradients(net: nn.Module) -> list[list[float] | None]:
    return [None if p.grad is None else p.grad.tolist() for p in net.parameters()]


def test_a_step_trains_its_path_alone(space, digits):
    images, labels = next(iter(digits.train.batches(32, device=CPU, seed=0)))
    path = space.sample(Random(5))
    net, expected, loss = step_of(space, digits, [path], images, labels)
    reference = F.cross_entropy(expected(images, path), labels)
    reference.backward()
    assert loss.item() == pytest.approx(reference.item())
    assert gradients(net) == gradients(expected)
    assert None in gradients(net)


def test_the_first_path_teaches_the_others(space, digits):
    images, labels = next(iter(digits.train.batches(32, device=CPU, seed=0)))
    teacher, *pupils = paths = [space.sample(Random(seed)) for seed in range(3)]
    net, expected, loss = step_of(space, digits, paths, images, labels)
    said = expected(images, teacher)
    total = F.cross_entropy(said, labels)
    assert loss.item() == pytest.approx(total.item())
    for pupil in pupils:
        total = total - (said.detach().softmax(1) * expected(images, pupil).log_softmax(1)).sum(1).mean()
    total.backward()
    for found, wanted in zip(net.parameters(), expected.parameters()):
        if wanted.grad is not None:
            torch.testing.assert_close(found.grad, wanted.grad, rtol=1e-3, atol=1e-5)


def test_uniform_paths_are_drawn_alike():
    space = load_space().restrict({"block": ["mid"], "k": [0], "layer2": {"k": [0, 1, 2]}, "pool": ["avg"]})
    draw, rng = PATHS["uniform"](space, ops), Random(0)
    found = Counter(path.key for _ in range(900) for path in draw(rng))
    assert len(found) == 3 and all(abs(count - 300) < 60 for count in found.values())  # 4 standard deviations


def test_costs_of_binned_paths_are_spread_evenly(space):
    draw, rng = PATHS["cost-bins"](space, ops), Random(0)
    costs = [log(ops(path)) for _ in range(3000) for path in draw(rng)]
    low, high = (log(price_of) for price_of in extremes(space))
    bins = Counter(min(int((c - low) / (high - low) * BINS), BINS - 1) for c in costs)
    assert sorted(bins) == list(range(BINS))
    assert all(abs(count - 300) < 70 for count in bins.values())


def extremes(space) -> tuple[float, float]:
    """The prices of fakes.price add up layer by layer."""
    steps = [[step for each in by_state.values() for step in each.values()] for by_state in space.chain.steps]
    layers = [[ops(space.architecture({**space.spell(BASE), **dict(step.spelling)})) for step in own] for own in steps]
    base = ops(BASE)
    return tuple(base + sum(pick(layer) - base for layer in layers) for pick in (min, max))


BASE = load_space().sample(Random(0))


def test_a_sandwich_is_the_ends_and_two_between():
    """The cheapest is mid at K=0 with average pooling everywhere; the other end K=3, which is dense at 2 in layer 0."""
    space = load_space().restrict({"block": ["mid"], "k": [0, 1, 3], "layer2": {"block": ["pre", "mid"]}})
    highest, cheapest, *others = PATHS["sandwich"](space, ops)(Random(0))
    low = 1000 + 5 * 30 + 1
    assert (ops(cheapest), ops(highest)) == (low, low + (70 - 30) + 10 * (2 + 4 * 3) + 2 * 2)
    assert len(others) == 2 and others[0] != others[1] and all(path in space for path in others)


def norm_inputs(net: nn.Module, images: torch.Tensor) -> torch.Tensor:
    return net[0][0](images).detach()


@pytest.mark.parametrize("size, count", [(1000, 10), (200, 3)])
def test_statistics_are_those_of_the_training_images(trained, digits, size, count):
    net = trained._trained.extract(BASE)
    calibrate(net, digits.train, device=CPU, seed=4, images=size * count, batch_size=size)
    batches = [images for images, _ in digits.train.batches(size, device=CPU, seed=4)][:count]
    assert len(batches) == min(count, max(1, 898 // size))
    inputs = [norm_inputs(net, images) for images in batches]
    mean = torch.stack([x.mean((0, 2, 3)) for x in inputs]).mean(0)
    var = torch.stack([x.var((0, 2, 3)) for x in inputs]).mean(0)
    torch.testing.assert_close(net[0][1].running_mean, mean, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(net[0][1].running_var, var, rtol=1e-4, atol=1e-5)
    assert {m.momentum for m in net.modules() if isinstance(m, nn.BatchNorm2d)} == {0.1}


def test_an_evaluation_does_not_depend_on_those_before(space, trained, digits):
    networks = [space.sample(Random(seed)) for seed in range(3)]
    found = [trained(task(network)).accuracy for network in networks]
    again = one_shot(space, trained.checkpoint.parents[1])
    assert [again(task(network)).accuracy for network in reversed(networks)] == found[::-1]
    evaluation = trained(task(networks[0]))
    assert evaluation.epochs == 0 and evaluation.seconds > 0
    ((net, _),) = trained.stages(networks[0], digits, seed=0, rungs=frozenset())
    judged = judge(net, digits.validation, classes=10, device=CPU)
    assert evaluation.accuracy == pytest.approx(judged.right.sum() / judged.labels.sum(), abs=0.01)


def test_a_longer_training_judges_higher(space, trained, tmp_path):
    longer = one_shot(space, tmp_path, recipe=Recipe(epochs=20, batch_size=64, learning_rate=0.03))
    longer.train(lambda epoch, loss: None)
    networks = [space.sample(Random(seed)) for seed in range(10)]
    short_mean, long_mean = (sum(each(task(n)).accuracy for n in networks) / 10 for each in (trained, longer))
    assert long_mean > short_mean + 0.1

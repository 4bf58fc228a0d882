"""Two steps: float weights first, then binary ones."""

import pytest
import torch
import torch.nn.functional as F

from mobinet import fused
from mobinet.conv import BinaryConv2d
from search import machine
from search.recipe import Recipe
from search.training.training import Training
from space import Architecture
from tests.search.retraining.test_retraining import quiet, retraining, stop_after, tensors
from tests.search.training.test_training import CPU, NETWORK, leaves, part_of, seeded_build

TWO = Recipe(epochs=4, batch_size=20, learning_rate=0.02, first_step=0.5, first_learning_rate=0.04, warmup=0.25)


def begin(digits, **changes) -> Training:
    recipe = Recipe(**{**vars(TWO), **changes})
    return Training(seeded_build(NETWORK, 10, 1), part_of(digits, 60), recipe=recipe, seed=1, device=CPU)


def test_each_step_has_a_warm_up_and_a_decay_of_its_own():
    shares = {0.0625: 0.02, 0.125: 0.04, 0.3125: 0.02, 0.5: 0.0, 0.5625: 0.01, 0.625: 0.02, 0.8125: 0.01, 1.0: 0.0}
    for progress, rate in shares.items():
        assert TWO.learning_rate_at(progress) == pytest.approx(rate, abs=1e-9)
    assert [Recipe(**{**vars(TWO), "epochs": n}).first_epochs for n in (2, 3, 4, 5)] == [1, 2, 2, 3]


def test_with_float_weights_it_is_an_ordinary_convolution_of_signs():
    conv = BinaryConv2d(4, 6, 3, groups=2, binarizer="xnor")
    x = torch.randn(2, 4, 5, 5)
    conv.float_weights = True
    signs = torch.where(x >= 0, 1.0, -1.0)
    torch.testing.assert_close(conv(x), F.conv2d(signs, conv.weight, padding=1, groups=2))


@pytest.mark.parametrize("training", [True, False])
def test_no_fused_kernel_computes_float_weights(training):
    net = seeded_build(NETWORK, 10, 1).train(training)
    unit = net.layer0[0]
    x = torch.randn(3, unit.conv.weight.shape[1] * unit.conv.groups, 8, 8)
    with torch.no_grad():
        unit.conv.float_weights = True
        assert not fused.fusable(unit, x)
        unit.conv.float_weights = False
        assert fused.fusable(unit, x)


def test_the_first_step_learns_float_weights_and_the_second_begins_with_them(digits):
    training = begin(digits, weight_decay=0.5, first_weight_decay=0.25)
    convs = [module for module in training.net.modules() if isinstance(module, BinaryConv2d)]
    seen = []
    for _ in range(4):
        training.run_epoch()
        decays = [group.get("weight_decay") for group in training.optimizer.param_groups]
        seen.append(({conv.float_weights for conv in convs}, max(decays)))
    assert seen == [({True}, 0.25)] * 2 + [({False}, 0.5)] * 2
    begun = begin(digits, learning_rate=1e-12)
    for _ in range(2):
        begun.run_epoch()
    latent = begun.net.layer0[0].conv.weight.clone()
    begun.run_epoch()
    torch.testing.assert_close(begun.net.layer0[0].conv.weight, latent)


def test_scales_that_the_first_step_does_not_use_stay(digits):
    network = Architecture.uniform("mobilenet-8", block="mid", k=3, binarizer="trained")
    net = seeded_build(network, 10, 1)
    scales = {name: value.clone() for name, value in net.named_parameters() if name.endswith("alpha")}
    Training(net, part_of(digits, 60), recipe=TWO, seed=1, device=CPU).run_epoch()
    assert scales and all(torch.equal(net.get_parameter(name), before) for name, before in scales.items())


@pytest.fixture
def same_order():
    """One thread, whatever an earlier test asked for: on several, PyTorch's own convolutions add in any order."""
    before = machine.threads()
    machine.use_threads(1)
    yield
    machine.use_threads(before)


@pytest.mark.parametrize("epoch", [1, 2, 3])
def test_it_resumes_to_the_bit_in_either_step(digits, epoch, same_order):
    whole, first, second = begin(digits, ema=0.9), begin(digits, ema=0.9), begin(digits, ema=0.9)
    for _ in range(4):
        whole.run_epoch()
    for _ in range(epoch):
        first.run_epoch()
    second.load_state_dict(first.state_dict())
    for _ in range(4 - epoch):
        second.run_epoch()
    assert leaves(second.state_dict()) == leaves(whole.state_dict())


def test_only_epochs_with_binary_weights_are_kept(tmp_path, monkeypatch):
    recipe = Recipe(epochs=3, batch_size=300, learning_rate=0.03, first_step=0.5)
    with pytest.raises(KeyboardInterrupt):
        retraining(tmp_path / "stopped", recipe=recipe).run(stop_after(2))
    assert not (tmp_path / "stopped" / "best.pt").exists()
    rows = []
    summary = retraining(tmp_path / "stopped", recipe=recipe).run(rows.append)
    assert [row["epoch"] for row in rows] == [3] and summary["validation_top1"] == rows[0]["validation_top1"]
    retraining(tmp_path / "whole", recipe=recipe).run(quiet)
    assert tensors(tmp_path / "whole") == tensors(tmp_path / "stopped")

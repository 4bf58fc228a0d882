"""Losses in which all classes count alike."""

import pytest
import torch
from torch import nn

from results.measures import accuracy, balanced_accuracy
from search.data.catalog import Augmentation
from search.data.in_memory import Images
from search.data.preparation import Preparation
from search.recipe import Recipe
from search.training.class_weights import ClassLoss, balanced
from search.training.judging import judge
from search.training.training import Training

CPU = torch.device("cpu")
PREPARATION = Preparation(input_shape=(1, 2, 2), mean=(0.5,), std=(0.25,), augmentation=Augmentation())


def images_of(labels: torch.Tensor, levels: torch.Tensor) -> Images:
    """Grey images of 2x2, all pixels of one alike."""
    pixels = levels.clamp(0, 255).to(torch.uint8).view(-1, 1, 1, 1).expand(-1, 1, 2, 2).contiguous()
    return Images(pixels=pixels, labels=labels, preparation=PREPARATION)


def test_weights_by_hand():
    # 12 images of 3 classes that are there: 12 / (3 * 8), 12 / (3 * 3), 12 / (3 * 1)
    found = balanced(torch.tensor([8, 0, 3, 1]))
    assert found[[0, 2, 3]].tolist() == pytest.approx([0.5, 4 / 3, 4])


def test_an_image_counts_one_in_the_mean():
    counts = torch.tensor([17, 4, 0, 9, 1])
    assert (balanced(counts) * counts).sum() / counts.sum() == pytest.approx(1)


@pytest.mark.parametrize("soft", [False, True])
def test_loss_against_a_loop(soft):
    labels = torch.tensor([0, 0, 0, 1])
    outputs = torch.randn(4, 2, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([[0.7, 0.3]] * 3 + [[0.1, 0.9]]) if soft else labels
    probabilities = targets if soft else nn.functional.one_hot(labels, 2).float()
    loss = ClassLoss("balanced", images_of(labels, labels), CPU)
    weights = {0: 4 / 6, 1: 4 / 2}
    single = [-(p * output.log_softmax(0)).sum().item() for p, output in zip(probabilities, outputs)]
    wanted = sum(weights[label] * each for label, each in zip(labels.tolist(), single)) / 4
    assert loss(outputs, targets, labels).item() == pytest.approx(wanted, rel=1e-5)
    plain = ClassLoss("none", images_of(labels, labels), CPU)
    assert plain(outputs, targets, labels).item() == pytest.approx(sum(single) / 4, rel=1e-5)


def test_weights_trade_accuracy_for_balanced_accuracy():
    """Two classes that overlap, one with 19 of 20 images: without weights it is all that a network sees."""
    generator = torch.Generator().manual_seed(0)
    labels = (torch.arange(2000) % 20 == 0).long()
    images = images_of(labels, 100 + 40 * labels + 30 * torch.randn(2000, generator=generator))
    recipe = Recipe(epochs=10, batch_size=500, learning_rate=0.2)
    reached = {}
    for weights in ("none", "balanced"):
        net = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
        nn.init.zeros_(net[1].weight)
        training = Training(net, images, recipe=recipe, seed=0, device=CPU, class_weights=weights)
        for _ in range(10):
            training.run_epoch()
        counts = judge(net, images, classes=2, device=CPU)
        reached[weights] = accuracy(counts), balanced_accuracy(counts)
    assert reached["none"][0] > reached["balanced"][0] + 0.1
    assert reached["balanced"][1] > reached["none"][1] + 0.1
